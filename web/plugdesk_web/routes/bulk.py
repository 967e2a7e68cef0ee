"""Several tickets of a list at once: what an action asks for first, doing it, and which tickets were refused and why."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from flask import Blueprint, Response, current_app, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from plugdesk.database import row_number
from plugdesk.errors import Invalid
from plugdesk.forms.models import Form
from plugdesk.i18n import gettext as _
from plugdesk.i18n import ngettext
from plugdesk.inputs import one_line
from plugdesk.tickets.attachments import add_file
from plugdesk.tickets.bulk import Outcome, do_to_each
from plugdesk.tickets.lists import PAGE
from plugdesk_web import once
from plugdesk_web.asked_lists import numbers_in_list, read_list
from plugdesk_web.bulk import ASKING, asked_for, asks_first, choices_for, command_for, forms_of, title_of
from plugdesk_web.bulk_runs import MOST, refusals_of, run_here, start_run, stop_run
from plugdesk_web.current import agent_only, db, me
from plugdesk_web.editing import FRESH, Refused, refused
from plugdesk_web.rendering import page, redirect_after
from plugdesk_web.security import own_path
from plugdesk_web.written import written_files

blueprint = Blueprint("bulk", __name__)
NOT_TYPED = ("csrf_token", once.FIELD)
NOT_KEPT = (*NOT_TYPED, "ticket", "do", "chosen", "back", "all")


@blueprint.post("/tickets/selection")
@agent_only
def act() -> Response:
    """Do what `do` names to every `ticket` that is named. One that asks for something shows that first, unless it was `chosen`."""
    given, action = request.form, request.form.get("do", "")
    numbers = _numbers()
    if (action in ASKING or given.get("all")) and not given.get("chosen"):
        return _ask(action, numbers)
    forms = forms_of(db(), me(), numbers)
    asking = asks_first(db(), me(), action, forms) if ":" in action else None
    if asking is not None and given.get("chosen") != action:
        return _ask_together(action, numbers, asking)
    about = repr(sorted((name, value) for name, value in given.items(multi=True) if name not in NOT_TYPED))
    if (target := once.done_before(db(), me().id, about)) is not None:
        return redirect_after(target)
    try:
        typed = _typed() if asking is not None else given
        command = command_for(db(), me(), action, typed)
    except Invalid as refusal:
        said = refused(refusal)
        return _ask_together(action, numbers, asking, said) if asking is not None else _ask(action, numbers, said)
    title, back = title_of(db(), action, forms), _back()
    if given.get("all"):
        run = start_run(db(), me(), action, numbers, _without(typed), title=title, back=back)
        target = url_for("bulk.show_run", run_id=run.id)
        return redirect_after(once.remember(db(), me().id, target, about) or target)
    outcome = do_to_each(db(), me(), numbers, command)
    if asking is not None and not outcome.done and (first := _first_problems(outcome)):
        db().rollback()
        return _ask_together(action, numbers, asking, Refused(422, problems=first))
    earlier = once.remember(db(), me().id, back, about)
    if earlier is not None:
        return redirect_after(earlier)
    if outcome.refused:
        return _result(title, outcome, back, action, typed if asking is not None else None)
    number = len(outcome.done)
    return redirect_after(
        back, ngettext("%(action)s: done to %(num)d ticket.", "%(action)s: done to %(num)d tickets.", number, action=title)
    )


def _typed() -> MultiDict[str, str]:
    """What was typed, with the keys of files that came with the form itself. Raises `Invalid` for one that is too large."""
    typed = MultiDict(request.form)
    for each in written_files():
        typed.add("attachment", add_file(db(), each, by=me()).key)
    return typed


def _first_problems(outcome: Outcome) -> Mapping[str, str]:
    """What is wrong with what was typed, where nothing was done for that alone."""
    return next((each.problems for each in outcome.refused), {}) if all(each.problems for each in outcome.refused) else {}


@blueprint.get("/bulk/<int:run_id>")
@agent_only
def show_run(run_id: int) -> Response:
    """How far it is; and what came of it."""
    run = run_here(db(), me(), run_id)
    refusals = refusals_of(db(), run, me())
    again = (
        [each.number for each in refusals if each.subject][:PAGE] if run.typed and ":" in run.action and not run.goes_on else []
    )
    return page(
        "bulk/run.html", fragment="bulk/_run.html", run=run, refusals=refusals, back=run.back, action=run.action, again=again, typed=run.typed
    )  # fmt: skip


@blueprint.post("/bulk/<int:run_id>/stop")
@agent_only
def stop(run_id: int) -> Response:
    """Leave the rest as they are."""
    stop_run(db(), run_here(db(), me(), run_id))
    return redirect_after(url_for(".show_run", run_id=run_id))


def _numbers() -> list[int]:
    """The tickets that are meant: those that were ticked, or with `all` everything in the list one comes from."""
    if request.form.get("all"):
        found = _whole_list(_back())
        too_many = _("At most %(most)s tickets at once. Narrow the list first.", most=MOST) if len(found) > MOST else ""
    else:
        numbers = [row_number(each) for each in request.form.getlist("ticket")]
        found = list(dict.fromkeys(number for number in numbers if number is not None))
        one_page = _("At most %(most)s tickets at once: those of one page. Or tick “All of the list”.", most=PAGE)
        too_many = one_page if len(found) > PAGE else ""
    if too_many or not found:
        raise Invalid(too_many or _("Select the tickets first."))
    return found


def _whole_list(address: str) -> list[int]:
    """The numbers of all tickets in the list at this address of the desk, a view or what was searched for."""
    place = urlsplit(address)
    given = dict(parse_qsl(place.query))
    try:
        endpoint, values = current_app.url_map.bind("").match(place.path)
    except HTTPException:
        return []
    if endpoint == "tickets.view":
        given["view"], given["q"] = values["slug"], ""
    elif endpoint != "search.show" or not one_line(given.get("q")):
        return []
    return numbers_in_list(db(), me(), read_list(db(), me(), given), most=MOST + 1)


def _without(typed: MultiDict[str, str]) -> MultiDict[str, str]:
    return MultiDict([(name, value) for name, value in typed.items(multi=True) if name not in NOT_KEPT])


def _back() -> str:
    return own_path(request.form.get("back")) or url_for("tickets.view", slug="open")


def _ask(action: str, numbers: list[int], refusal: Refused = FRESH) -> Response:
    forms = forms_of(db(), me(), numbers)
    return page(
        "bulk/choose.html", fragment="bulk/_sheet.html", status=refusal.status, action=action, title=title_of(db(), action, forms),
        numbers=numbers, whole=bool(request.form.get("all")), back=_back(), given=request.form, refused=refusal, once=request.form.get(once.FIELD) or once.new_key(),
        **choices_for(db(), me(), action, forms),
    )  # fmt: skip


def _ask_together(action: str, numbers: list[int], form: Form, refusal: Refused = FRESH) -> Response:
    """What an extension's action asks for, once for all the tickets."""
    asked = asked_for(db(), me(), action, form, numbers, request.form)
    return page(
        "bulk/asking.html", status=refusal.status, action=action, title=title_of(db(), action, [form]), numbers=numbers, whole=bool(request.form.get("all")), back=_back(),
        asked_template=asked.template, behaviors=asked.behaviors, words=refusal.words, problems=refusal.problems,
        lost_files=any(each.filename for each in request.files.values()), once=request.form.get(once.FIELD) or once.new_key(),
        **{name: value for name, value in asked.values.items() if name != "behaviors"},
    )  # fmt: skip


def _result(title: str, outcome: Outcome, back: str, action: str, typed: MultiDict[str, str] | None) -> Response:
    """Which tickets stayed as they were, and why; what was `typed` for them can be sent again.

    Nothing was done at all: that is a refusal, of tickets one does not see a 404.
    """
    nothing = 422 if any(each.subject for each in outcome.refused) else 404
    kept = list(_without(typed).items(multi=True)) if typed is not None else []
    return page(
        "bulk/result.html", status=200 if outcome.done else nothing, title=title, outcome=outcome, back=back, action=action,
        typed=kept, again=[each.number for each in outcome.refused if each.subject] if typed is not None else [],
    )  # fmt: skip
