"""Extensions of a form that was made after another one: on with their settings, but without secrets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from plugdesk.forms.copying import copy_form
from plugdesk.plugins.settings import option, stored
from plugdesk.plugins.switch import enable_plugin, save_plugin_settings
from plugdesk.vault import Secret
from tests.core.plugins.conftest import build_form, build_plugin

pytestmark = pytest.mark.both_databases


@dataclass(frozen=True)
class Greeting:
    words: str = option("Hello", label="Words")
    token: Secret = option(Secret(""), label="Token")


@dataclass(frozen=True)
class Mail:
    server: str = option(label="Server")
    password: Secret = option(label="Password")


@pytest.fixture
def session(build_runtime: Any, open_session: Any) -> Any:
    runtime = build_runtime(
        build_plugin("plain"),
        build_plugin("greeting", settings=f"{__name__}:Greeting"),
        build_plugin("mail", settings=f"{__name__}:Mail"),
    )
    return open_session(runtime)


def test_settings_go_along_and_secrets_do_not(session: Any) -> None:
    source = build_form(session, "Repairs")
    save_plugin_settings(session, source, "greeting", {"words": "Servus", "token": Secret("t0ken")}, 0, None)
    for plugin in ("plain", "greeting"):
        enable_plugin(session, source, plugin, None)
    copy, waiting = copy_form(session, source, name="Repairs in Graz", by=None)
    assert (sorted(copy.extensions), waiting) == (["greeting", "plain"], [])
    assert stored(session, "greeting", copy.id, Greeting).values == {"words": "Servus"}


def test_what_cannot_work_without_its_secret_waits_with_the_rest_filled_in(session: Any) -> None:
    source = build_form(session, "Repairs")
    save_plugin_settings(session, source, "mail", {"server": "imap.example", "password": Secret("x")}, 0, None)
    enable_plugin(session, source, "mail", None)
    copy, waiting = copy_form(session, source, name="Repairs in Graz", by=None)
    assert (copy.extensions, waiting) == ([], ["mail"])
    assert stored(session, "mail", copy.id, Mail).values == {"server": "imap.example"}


def test_each_extension_that_is_on_takes_along_what_it_keeps_and_one_that_fails_leaves_nothing(
    build_runtime: Any, open_session: Any
) -> None:
    told: list[tuple[str, str]] = []

    def form_copied(ctx: Any, source: Any) -> None:
        told.append((source.name, ctx.form.name))

    def fails(ctx: Any, source: Any) -> None:
        ctx.form.name = "Broken"
        raise RuntimeError

    fails.__name__ = "form_copied"
    session = open_session(
        build_runtime(build_plugin("keeps", form_copied), build_plugin("broken", fails), build_plugin("off", form_copied))
    )
    source = build_form(session, "Repairs")
    for plugin in ("keeps", "broken"):
        enable_plugin(session, source, plugin, None)
    copy, waiting = copy_form(session, source, name="Repairs in Graz", by=None)
    assert (told, copy.name, waiting) == ([("Repairs", "Repairs in Graz")], "Repairs in Graz", [])
