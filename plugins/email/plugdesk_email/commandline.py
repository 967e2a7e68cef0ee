"""`plugdesk email receive` takes a letter from a mail server's pipe; `plugdesk email parse` shows how letters are read."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from plugdesk_email.letters import as_json
from plugdesk_email.parse import parse_email

TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h: the mail server keeps the letter and tries again


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_lines", is_flag=True, required=True, help="One JSON object a line.")
def parse(files: tuple[Path, ...], as_lines: bool) -> None:
    """Show how letters are read, without touching a database."""
    for file in files:
        click.echo(json.dumps(as_json(parse_email(file.read_bytes()), str(file)), ensure_ascii=False))


class Piped(click.Command):
    """A command at the end of a mail server's pipe: a wrong word in its settings loses no letter, either."""

    def make_context(self, *args: Any, **given: Any) -> click.Context:
        try:
            return super().make_context(*args, **given)
        except click.UsageError as error:
            click.echo(f"plugdesk email receive: {error.format_message()}", err=True)
            sys.exit(TRY_AGAIN)


@click.command(cls=Piped)
@click.option("--form", "slug", required=True, help="The form whose mailbox this is.")
@click.option("--json", "as_lines", is_flag=True, help="Print one JSON object a letter.")
@click.argument("files", nargs=-1, type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
def receive(slug: str, as_lines: bool, files: tuple[Path, ...]) -> None:
    """Take letters from a mail server's pipe (`-` or nothing: standard input) and keep them for the worker.

    Exit code 0 means: committed. Whatever else happens the code is 75, so that the mail server tries again.
    """
    try:
        kept = _keep(slug, [sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes() for file in files or (Path("-"),)])
    except BaseException as error:  # any doubt whatever must not lose the letter
        click.echo(f"plugdesk email receive: {str(error) or type(error).__name__}", err=True)
        sys.exit(TRY_AGAIN)
    if as_lines:
        for each in kept:
            click.echo(json.dumps(each))


def _keep(slug: str, letters: Sequence[bytes]) -> list[dict[str, object]]:
    """Commit all the letters, or none, with the jobs that read them."""
    from plugdesk.api import Invalid, desk_runtime, form_by_slug
    from plugdesk_email.intake import keep_original

    if not all(raw.strip() for raw in letters):
        raise Invalid("The letter is empty.")
    runtime = desk_runtime()
    with runtime.database.write() as session:
        form = form_by_slug(session, slug)
        if not form.has("email"):
            raise Invalid(f"E-mail is off on the form “{slug}”. Switch it on under Extensions.")
        if form.archived_at is not None:
            raise Invalid(f"The form “{slug}” is archived.")
        ctx = runtime.context("email", form, session)
        kept = [keep_original(ctx, raw) for raw in letters]
        return [
            {"original": each.id, "form": slug, "size": each.size, "sha256": each.sha256} for each in kept if each is not None
        ]
