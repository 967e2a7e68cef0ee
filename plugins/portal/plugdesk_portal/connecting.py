"""Further ways on which a customer may become known here, as their profile offers them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from plugdesk.api import Context, User, channels_to_connect
from plugdesk.api import gettext as _
from plugdesk_portal.queries import portal_forms


def named_connections(ctx: Context, customer: User) -> Sequence[tuple[str, str]]:
    """What each link says and where it leads: of living forms whose requests the portal shows, each named where a channel is on several."""
    found = channels_to_connect(ctx.db, customer, [form for form in portal_forms(ctx) if form.archived_at is None])
    times = Counter(each.channel.name for each in found)
    return [
        (
            _("Connect %(channel)s", channel=each.channel.title)
            if times[each.channel.name] == 1
            else _("Connect %(channel)s: %(form)s", channel=each.channel.title, form=each.form.name),
            each.url,
        )
        for each in found
    ]
