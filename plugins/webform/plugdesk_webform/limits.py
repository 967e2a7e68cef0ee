"""How much may come in, and how many letters may go out because of it. Counted by fingerprints, never by addresses."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from plugdesk.api import Context, Limit, Runtime, TooMany, count_attempt, count_done, lazy_gettext, network_of, refuse_used_up
from plugdesk.api import gettext as _
from plugdesk_webform.asking import form_of
from plugdesk_webform.models import RequestForm
from plugdesk_webform.tokens import fingerprint

LOOK_UPS = {False: 300, True: 3_000}  # in an hour: of one connection; of everybody together where a form is anonymous
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Counted(StrEnum):
    """What is counted, as it stands in the keys."""

    LETTER = "letter"
    ADDRESS = "to"
    FORM = "form"
    CONNECTION = "from"


_WHY = {
    Counted.LETTER: lazy_gettext("This address got a letter from us already, and gets one a day."),
    Counted.ADDRESS: lazy_gettext("Too many requests came with this e-mail address."),
    Counted.FORM: lazy_gettext("Too many requests came by this form."),
    Counted.CONNECTION: lazy_gettext("Too many requests came from your connection."),
}


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


def in_words(ctx: Context, refused: TooMany) -> str:
    """Which limit it is, and when to try again."""
    counted = next((each for each in Counted if refused.key.startswith(_key(ctx, each, ""))), Counted.CONNECTION)
    return f"{_WHY[counted]} " + _("Try again %(when)s.", when=refused.when)


def _limits(ctx: Context, row: RequestForm, connection: str, email: str = "") -> dict[str, Limit]:
    settings = ctx.settings
    if row.anonymous:  # the moment of a count beside a ticket's would tell whose it is
        return {_key(ctx, Counted.FORM, "anonymous"): Limit(settings.form_per_day, DAY)}
    limits = {
        _key(ctx, Counted.CONNECTION, f"hour:{connection}"): Limit(settings.per_hour, HOUR),
        _key(ctx, Counted.CONNECTION, f"day:{connection}"): Limit(settings.per_day, DAY),
        _key(ctx, Counted.FORM, "day"): Limit(settings.form_per_day, DAY),
    }
    if email:
        limits[_key(ctx, Counted.ADDRESS, fingerprint(ctx, f"address {email}"))] = Limit(settings.address_per_day, DAY)
    return limits


def _key(ctx: Context, counted: Counted, what: str) -> str:
    here = "" if counted is Counted.LETTER else f"{form_of(ctx).id}:"  # letters are counted on all forms together
    return f"webform:{here}{counted}:{what}"


def count_letter(ctx: Context, email: str) -> None:
    """Count a letter to an address that nobody has proved to be theirs: one a day, from whatever form. Raises `TooMany`."""
    count_done(ctx.db, {_key(ctx, Counted.LETTER, fingerprint(ctx, f"letter {email}")): Limit(1, DAY)})
