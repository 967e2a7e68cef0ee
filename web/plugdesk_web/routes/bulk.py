"""Several tickets of a list at once: what an action asks for first, doing it, and which tickets were refused and why."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from plugdesk.database import row_number
from plugdesk.errors import Invalid
from plugdesk.i18n import gettext as _
from plugdesk.i18n import ngettext
from plugdesk.tickets.bulk import Outcome, do_to_each
from plugdesk.tickets.lists import PAGE
from plugdesk_web import once
from plugdesk_web.bulk import ASKING, choices_for, command_for, forms_of, title_of
from plugdesk_web.current import agent_only, db, me
from plugdesk_web.editing import FRESH, Refused, refused
from plugdesk_web.rendering import page, redirect_after
from plugdesk_web.security import own_path

blueprint = Blueprint("bulk", __name__)
CHOICES = ("whom", "status", "put_on", "take_off")


@blueprint.post("/tickets/selection")
@agent_only
def act() -> Response:
    """Do what `do` names to every `ticket` that is named. One that asks for something shows that first, unless it was `chosen`."""
    given, action = request.form, request.form.get("do", "")
    numbers = _numbers()
    if action in ASKING and not given.get("chosen"):
        return _ask(action, numbers)
    about = repr((action, numbers, sorted((name, given[name]) for name in CHOICES if name in given)))
    if (target := once.done_before(db(), me().id, about)) is not None:
        return redirect_after(target)
    try:
        command = command_for(db(), me(), action, given)
    except Invalid as refusal:
        return _ask(action, numbers, refused(refusal))
    title = title_of(db(), action, forms_of(db(), me(), numbers))
    outcome = do_to_each(db(), me(), numbers, command)
    back = _back()
    earlier = once.remember(db(), me().id, back, about)
    if earlier is not None:
        return redirect_after(earlier)
    if outcome.refused:
        return _result(title, outcome, back)
    number = len(outcome.done)
    return redirect_after(
        back, ngettext("%(action)s: done to %(num)d ticket.", "%(action)s: done to %(num)d tickets.", number, action=title)
    )


def _numbers() -> list[int]:
    numbers = [row_number(each) for each in request.form.getlist("ticket")]
    found = list(dict.fromkeys(number for number in numbers if number is not None))
    if not found:
        raise Invalid(_("Select the tickets first."))
    if len(found) > PAGE:
        raise Invalid(_("At most %(most)s tickets at once: those of one page.", most=PAGE))
    return found


def _back() -> str:
    return own_path(request.form.get("back")) or url_for("tickets.view", slug="open")


def _ask(action: str, numbers: list[int], refusal: Refused = FRESH) -> Response:
    forms = forms_of(db(), me(), numbers)
    return page(
        "bulk/choose.html", fragment="bulk/_sheet.html", status=refusal.status, action=action, title=title_of(db(), action, forms),
        numbers=numbers, back=_back(), given=request.form, refused=refusal, once=request.form.get(once.FIELD) or once.new_key(),
        **choices_for(db(), me(), action, forms),
    )  # fmt: skip


def _result(title: str, outcome: Outcome, back: str) -> Response:
    """Which tickets stayed as they were, and why. Nothing was done at all: that is a refusal, of tickets one does not see a 404."""
    nothing = 422 if any(each.subject for each in outcome.refused) else 404
    return page("bulk/result.html", status=200 if outcome.done else nothing, title=title, outcome=outcome, back=back)
