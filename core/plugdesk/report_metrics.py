"""Figures that extensions bring to the reports: which there are on some forms for a viewer, and reading them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.contributions import ReportMetric
from plugdesk.forms.models import Form
from plugdesk.plugins.context import Context
from plugdesk.runtime import runtime_of
from plugdesk.users.models import User

NEEDED = {"id", "ticket_id", "at", "value"}


@dataclass(frozen=True)
class OfferedMetric:
    """A metric as one viewer may see it: whose it is, and what it counts on all the forms where they see some of it."""

    plugin: str
    metric: ReportMetric
    rows: sa.Select[Any] | sa.CompoundSelect[Any]
    form: Form

    @property
    def code(self) -> str:
        """What addresses call it: PLUGIN.NAME."""
        return f"{self.plugin}.{self.metric.name}"

    def read(self, session: Session, statement: sa.Executable) -> Sequence[Any]:
        """The rows of a statement over `rows`; where the extension's SQL fails, nothing, and the failure is the extension's."""
        what = f"report metric {self.metric.name}"
        found = runtime_of(session).executor.run(
            self.plugin, what, self.form, session, lambda ctx: ctx.db.execute(statement).all()
        )
        return found if isinstance(found, Sequence) else ()


def report_metrics_on(session: Session, forms: Sequence[Form], viewer: User) -> list[OfferedMetric]:
    """The metrics of the extensions that are on for one of `forms` at least, as far as they are for `viewer` to see."""
    runtime, found = runtime_of(session), list[OfferedMetric]()
    on = {form.id: runtime.registry.enabled(form, runtime.desk(session)) for form in forms}
    for plugin, metric in runtime.registry.report_metrics:
        here, what = [form for form in forms if plugin in on[form.id]], f"report metric {metric.name}"
        given = (runtime.executor.run(plugin, what, form, session, _rows, metric, viewer) for form in here)
        rows = [each for each in given if isinstance(each, sa.Select)]
        if rows:
            found.append(OfferedMetric(plugin, metric, rows[0] if len(rows) == 1 else sa.union_all(*rows), here[0]))
    return found


def _rows(ctx: Context, metric: ReportMetric, viewer: User) -> sa.Select[Any] | None:
    rows = metric.rows(ctx, viewer)
    if rows is not None and (missing := NEEDED - set(rows.selected_columns.keys())):
        raise TypeError(f"The rows of the metric {metric.name} have no column {', '.join(sorted(missing))}.")
    return rows
