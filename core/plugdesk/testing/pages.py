"""What a plugin puts into pages: with nothing in it, with far too much, and with what means harm; and no secret anywhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from plugdesk.testing.addresses import pages_of
from plugdesk.testing.hostile import STRINGS, came_through
from plugdesk.testing.tour import card
from plugdesk.testing.trial import Trial
from plugdesk.tickets.models import Ticket
from plugdesk.vault import Secret

LISTS = ("/views/open",)
TELLTALE = "tell-nobody-7f3a"


def panel_problems(trial: Trial) -> list[str]:
    """Pages that break, or show as markup what was meant as text, whatever stands in tickets and in the plugin's own rows."""
    trial.switch_on()
    problems = []
    for number, text in enumerate(STRINGS):
        ticket = trial.open_ticket(trial.here, subject=text[:400] or "Nothing", text=text)
        if number:  # the first one stays empty
            with trial.write() as session:
                trial.case.fill(trial.ctx(session, trial.here), session.get_one(Ticket, ticket), text)
        for path in (f"/tickets/{ticket}", card(trial, ticket)):
            problems += _shown(trial, path, text)
    problems += [each for path in LISTS for each in _shown(trial, path, "all of it")]
    trial.runtime.figures.write(trial.database)
    return problems + _failures(trial)


def secret_problems(trial: Trial) -> list[str]:
    """Where a secret, of the settings or of the author's telling, can be read: in repr, the log, a page, or the database."""
    secrets = [*trial.case.secrets, *_fill_in_secrets(trial)]
    problems: list[str] = []
    if not secrets:
        return problems
    with listening() as log:
        trial.switch_on()
        ticket = trial.open_ticket(trial.here)
        with trial.write() as session:
            ctx = trial.ctx(session, trial.here)
            trial.case.fill(ctx, session.get_one(Ticket, ticket), "Thank you")
            shown = [f"the repr of the settings: {ctx.settings!r}"] if trial.manifest.settings else []
        trial.run_jobs(recurring=True)
        browser = trial.browser("admin")
        shown += [f"{path}: {browser.get(path).get_data(as_text=True)}" for path in (f"/tickets/{ticket}", *LISTS)]
        shown += [
            f"{path}: {answer.get_data(as_text=True)}" for path, answer in pages_of(trial, trial.here) if not answer.is_streamed
        ]
    shown += [f"the log: {line}" for line in log]
    shown += list(_stored(trial))
    for secret in secrets:
        problems += [f"A secret can be read in {each.partition(':')[0]}." for each in shown if secret in each]
    return sorted(set(problems))


@contextmanager
def listening() -> Iterator[list[str]]:
    """Everything that is logged inside the block, at every level."""
    said: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(self.format(record))

    root, ear = logging.getLogger(), Ear(logging.DEBUG)
    level = root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    try:
        yield said
    finally:
        root.removeHandler(ear)
        root.setLevel(level)


def _shown(trial: Trial, path: str, text: str) -> list[str]:
    answer = trial.browser("admin").get(path)
    if answer.status_code >= 500:
        return [f"{path} breaks on {text[:40]!r}."]
    return [f"{path} takes {text[:40]!r} for markup: {each[:80]}" for each in came_through(answer.get_data(as_text=True))]


def _failures(trial: Trial) -> list[str]:
    """What the executor wrote down, panels and columns that were put aside among it."""
    from plugdesk.plugins.figures import HookError

    with trial.database.read() as session:
        found = session.scalars(sa.select(HookError).where(HookError.plugin == trial.case.plugin_id)).all()
    return [f"{each.hook} failed: {each.text}" for each in found]


def _fill_in_secrets(trial: Trial) -> list[str]:
    """Give every secret among the settings a telltale value; returns the values."""
    from plugdesk.plugins.settings import options_of, schema_of

    if trial.manifest.settings is None:
        return []
    names = [each.name for each in options_of(schema_of(trial.manifest.settings)) if each.is_secret]
    secrets = {name: f"{TELLTALE}-{name}" for name in names}
    trial.case.settings = {**trial.case.settings, **{name: Secret(value) for name, value in secrets.items()}}
    return list(secrets.values())


def _stored(trial: Trial) -> Iterator[str]:
    """Every row of the database, as text."""
    with trial.database.engine.connect() as connection:
        for name in sa.inspect(connection).get_table_names():
            for row in connection.execute(sa.text(f'SELECT * FROM "{name}"')):
                yield f"the table {name}: {row!r}"
