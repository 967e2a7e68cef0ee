"""`plugdesk reports recount`: the figures of forms are counted anew from the tickets themselves."""

from __future__ import annotations

import click

from plugdesk.api import Invalid, Runtime, form_by_slug, pass_runtime
from plugdesk.api import gettext as _
from plugdesk_reports.counting import begin
from plugdesk_reports.keeping import PLUGIN


@click.command()
@click.argument("slugs", nargs=-1, required=True, metavar="FORM...")
@pass_runtime
def recount(runtime: Runtime, slugs: tuple[str, ...]) -> None:
    """Have the figures of forms counted anew by the worker; pages show how far it is."""
    with runtime.database.write() as session:
        for slug in slugs:
            form = form_by_slug(session, slug)
            if not form.has(PLUGIN):
                raise Invalid(_("Reports are off on “%(form)s”. Switch them on first.", form=form.name))
            standing = begin(session, form)
            click.echo(f"{form.name}: {standing.total}")
