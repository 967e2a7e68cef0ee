"""How much may come in, and how many letters may go out because of it. Counted by fingerprints, never by addresses."""

from __future__ import annotations

from datetime import timedelta

from plugdesk.api import Context, Limit, Runtime, TooMany, count_attempt, count_done, network_of, refuse_used_up
from plugdesk.api import gettext as _
from plugdesk_webform.asking import form_of
from plugdesk_webform.models import RequestForm
from plugdesk_webform.tokens import fingerprint

LOOK_UPS = {False: 300, True: 3_000}  # in an hour: of one connection; of everybody together where a form is anonymous
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def connection_of(ctx: Context, address: str | None) -> str:
    """What a visitor's network address is counted as."""
    return fingerprint(ctx, f"network {network_of(address)}")


def refuse_flood(ctx: Context, row: RequestForm, connection: str) -> None:
    """Raise `TooMany` where no more can be counted, without counting: whoever floods takes no turn among those who write."""
    refuse_used_up(ctx.db, _limits(ctx, row, connection))


def count_request(ctx: Context, row: RequestForm, connection: str, email: str) -> None:
    """Count a request by connection, by address and by day. Raises `TooMany`."""
    count_done(ctx.db, _limits(ctx, row, connection, email))


def count_look_up(runtime: Runtime, ctx: Context, row: RequestForm, connection: str) -> None:
    """Count that answers were looked up for somebody who types a subject. Raises `TooMany`."""
    whose = f"webform:{form_of(ctx).id}:answers"
    key = whose if row.anonymous else f"{whose}:{connection}"
    count_attempt(runtime, {key: Limit(LOOK_UPS[row.anonymous], HOUR)})


def in_words(ctx: Context, row: RequestForm, refused: TooMany) -> str:
    """Which limit it is, and when to try again."""
    letter, address = "webform:letter:", f"webform:{form_of(ctx).id}:to:"
    if refused.key.startswith(letter):
        why = _("This address got a letter from us already, and gets one a day.")
    elif refused.key.startswith(address):
        why = _("Too many requests came with this e-mail address.")
    elif row.anonymous or refused.key == f"webform:{form_of(ctx).id}:day":
        why = _("Too many requests came by this form.")
    else:
        why = _("Too many requests came from your connection.")
    return f"{why} " + _("Try again %(when)s.", when=refused.when)


def _limits(ctx: Context, row: RequestForm, connection: str, email: str = "") -> dict[str, Limit]:
    settings, here = ctx.settings, form_of(ctx).id
    if row.anonymous:  # the moment of a count beside a ticket's would tell whose it is
        return {f"webform:{here}:anonymous": Limit(settings.form_per_day, DAY)}
    limits = {
        f"webform:{here}:hour:{connection}": Limit(settings.per_hour, HOUR),
        f"webform:{here}:day:{connection}": Limit(settings.per_day, DAY),
        f"webform:{here}:day": Limit(settings.form_per_day, DAY),
    }
    if email:
        limits[f"webform:{here}:to:{fingerprint(ctx, f'address {email}')}"] = Limit(settings.address_per_day, DAY)
    return limits


def count_letter(ctx: Context, email: str) -> None:
    """Count a letter to an address that nobody has proved to be theirs: one a day, from whatever form. Raises `TooMany`."""
    count_done(ctx.db, {f"webform:letter:{fingerprint(ctx, f'letter {email}')}": Limit(1, DAY)})
