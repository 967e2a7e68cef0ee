"""What was promised as a figure of the reports: each target counts once, on the day it was met or its deadline passed."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from plugdesk.api import Context, ReportMetric, User, lazy_gettext
from plugdesk_sla.models import JUDGED, Clock, Promise


def kept(ctx: Context, viewer: User) -> sa.Select[Any] | None:
    """Every target of the form's tickets that was met or missed, told apart by which."""
    if ctx.form is None:
        return None
    met = sa.case((Clock.breached_at.is_(None), 1), else_=0)
    judged = sa.select(Clock.id, Clock.ticket_id, JUDGED.label("at"), met.label("value"))
    return judged.join(Promise, Promise.ticket_id == Clock.ticket_id).where(Promise.form_id == ctx.form.id, JUDGED.is_not(None))


METRICS = (
    ReportMetric(
        "kept", lazy_gettext("SLA kept"), kept, "share", lazy_gettext("A promised time counts on the day it was kept, or its deadline passed."),
    ),
)  # fmt: skip
