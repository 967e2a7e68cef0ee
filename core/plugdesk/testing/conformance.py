"""The tests every plugin has to pass. A plugin's own file of them is one import and its name:

    from plugdesk.testing.conformance import *

    plugin_id = "csat"

Besides, it may say: `settings`, what has to be filled in before it can be switched on; `also_on`, extensions without which
it has nothing to do; `secrets`, texts that `fill` stores and nobody may read; `also_imports`, modules beyond the public API;
`fill(ctx, ticket, text)`, which puts `text` wherever the plugin keeps what people write.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from plugdesk.clock import MovableClock
    from plugdesk.plugins.loader import Plugin
    from plugdesk.testing.trial import Trial

__all__ = [
    "conforming",
    "plugin",
    "test_a_failing_implementation_loses_nothing_of_the_desks_own",
    "test_importing_it_is_quick_and_starts_nothing",
    "test_it_imports_only_what_is_promised_to_plugins",
    "test_it_is_loaded_without_an_error",
    "test_its_manifest_can_be_read",
    "test_its_migrations_go_up_and_down_and_make_what_its_models_say",
    "test_its_pages_refuse_whoever_has_no_business_there",
    "test_its_tables_carry_its_name",
    "test_its_words_can_be_translated",
    "test_nobody_can_read_its_secrets",
    "test_whatever_people_write_stays_text_in_its_panels_and_columns",
    "test_where_it_is_off_there_is_nothing_of_it",
    "trial",
]


@pytest.fixture
def conforming(request: pytest.FixtureRequest) -> Any:
    """What the author's file says of the plugin."""
    from plugdesk.testing.trial import Case

    module = request.module
    plugin_id = getattr(module, "plugin_id", None)
    if not plugin_id:
        pytest.fail('Say in this file which plugin is meant: plugin_id = "…"', pytrace=False)
    names = ("settings", "also_on", "secrets", "also_imports", "fill")
    return Case(plugin_id, **{name: getattr(module, name) for name in names if hasattr(module, name)})


@pytest.fixture
def plugin(conforming: Any, loaded_plugins: list[Plugin]) -> Plugin:
    """The plugin under test, in whatever state."""
    found = next((each for each in loaded_plugins if each.id == conforming.plugin_id), None)
    if found is None:
        pytest.fail(f"“{conforming.plugin_id}” is not installed, and plugdesk_plugins does not name its folder.", pytrace=False)
    return found


@pytest.fixture
def trial(
    conforming: Any, plugin: Plugin, loaded_plugins: list[Plugin], database_url: str, clock: MovableClock, tmp_path: Path
) -> Iterator[Trial]:
    """A desk of the check's own, with one form where the plugin will be on and one where it is off."""
    from plugdesk.testing.trial import Trial

    trial = Trial(conforming, loaded_plugins, database_url, clock, tmp_path)
    yield trial
    trial.close()


def test_its_manifest_can_be_read(plugin: Plugin) -> None:
    assert plugin.manifest is not None, plugin.reason
    assert plugin.manifest.id == plugin.id


def test_it_is_loaded_without_an_error(plugin: Plugin) -> None:
    from plugdesk.testing.rules import load_problems

    assert plugin.state == "ok", f"{plugin.reason}\n{plugin.trace}"
    _none(load_problems(plugin))


def test_importing_it_is_quick_and_starts_nothing(plugin: Plugin) -> None:
    from plugdesk.testing.rules import import_problems

    _none(import_problems(plugin))


def test_it_imports_only_what_is_promised_to_plugins(plugin: Plugin, conforming: Any) -> None:
    from plugdesk.testing.rules import import_rule_problems

    _none(import_rule_problems(plugin, conforming.also_imports))


def test_its_tables_carry_its_name(plugin: Plugin, loaded_plugins: list[Plugin]) -> None:
    from plugdesk.testing.rules import table_problems

    _none(table_problems(plugin, [each.id for each in loaded_plugins]))


def test_its_migrations_go_up_and_down_and_make_what_its_models_say(
    plugin: Plugin, loaded_plugins: list[Plugin], database_url: str
) -> None:
    from plugdesk.database import Database
    from plugdesk.testing.rules import migration_problems

    database = Database(database_url)
    try:
        _none(migration_problems(plugin, loaded_plugins, database))
    finally:
        database.close()


def test_its_words_can_be_translated(plugin: Plugin, trial: Trial) -> None:
    from plugdesk.testing.rules import wording_problems

    _none(wording_problems(plugin, trial.titles()))


def test_where_it_is_off_there_is_nothing_of_it(trial: Trial) -> None:
    from plugdesk.testing.bleeding import bleeding

    _none(bleeding(trial))


def test_its_pages_refuse_whoever_has_no_business_there(trial: Trial) -> None:
    from plugdesk.testing.addresses import open_to_strangers

    trial.switch_on()
    _none(open_to_strangers(trial))


def test_whatever_people_write_stays_text_in_its_panels_and_columns(trial: Trial) -> None:
    from plugdesk.testing.pages import panel_problems

    _none(panel_problems(trial))


def test_nobody_can_read_its_secrets(trial: Trial) -> None:
    from plugdesk.testing.pages import secret_problems

    _none(secret_problems(trial))


def test_a_failing_implementation_loses_nothing_of_the_desks_own(trial: Trial) -> None:
    from plugdesk.testing.failing import failure_problems

    _none(failure_problems(trial))


def _none(problems: list[str]) -> None:
    if problems:
        pytest.fail("\n".join(dict.fromkeys(problems)), pytrace=False)
