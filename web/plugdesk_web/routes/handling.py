"""What agents do to a ticket besides writing: each a command, then back to the ticket."""

from __future__ import annotations

from typing import TypeVar

from flask import Blueprint, Response, request, url_for

from plugdesk.database import row_number
from plugdesk.errors import Conflict, Invalid, NotAllowed, NotFound
from plugdesk.forms.models import Status
from plugdesk.i18n import current_language
from plugdesk.i18n import gettext as _
from plugdesk.plugins.executor import Failed
from plugdesk.runtime import runtime_of
from plugdesk.tickets import bin, commands
from plugdesk.tickets.models import Ticket
from plugdesk.tickets.queries import ticket_for
from plugdesk.users.models import Group, User
from plugdesk.users.shifts import presence_of
from plugdesk_web.asking import what_waits
from plugdesk_web.assignees import presence_in_words
from plugdesk_web.contributions import Action, contributed
from plugdesk_web.current import agent_only, db, me
from plugdesk_web.editing import version_given
from plugdesk_web.rendering import redirect_after
from plugdesk_web.routes.tickets import place_after, ticket_page
from plugdesk_web.shown import as_conflict, ticket_posted_about
from plugdesk_web.ticket_fields import entered_values, fields_to_edit

Chosen = TypeVar("Chosen", User, Group)
blueprint = Blueprint("handling", __name__, url_prefix="/tickets/<int:number>")


@blueprint.post("/acceptance")
@agent_only
def accept(number: int) -> Response:
    ticket = commands.accept(db(), _ticket(number), me())
    return _back(ticket, _("Ticket %(number)s is yours.", number=number))


@blueprint.post("/release")
@agent_only
def release(number: int) -> Response:
    ticket = commands.release(db(), _ticket(number), me())
    return _back(ticket, _("Ticket %(number)s waits for somebody else.", number=number))


@blueprint.post("/assignment")
@agent_only
def assign(number: int) -> Response:
    """To an agent (`assignee`), a `group`, an agent within a group, or with neither to nobody."""
    assignee, group = _chosen(User, "assignee"), _chosen(Group, "group")
    ticket = commands.assign(db(), _ticket(number), me(), assignee=assignee, group=group)
    names = ", ".join(each.name for each in (assignee, group) if each is not None)
    words = _("Assigned to %(names)s.", names=names or _("nobody"))
    if assignee is not None and (absent := presence_in_words(presence_of(db(), [assignee])[assignee.id])):
        words = _("Assigned to %(names)s: %(absent)s.", names=names, absent=absent)
    return _back(ticket, words)


@blueprint.post("/status")
@agent_only
def change_status(number: int) -> Response:
    """Change the status; where it requires fields that are empty, the ticket comes back with them to fill in right there."""
    ticket, wanted = ticket_posted_about(number), request.form.get("status", "")
    status = _status(ticket, wanted)
    if not request.form.get("anyway") and (waits := what_waits(db(), ticket, status)):
        return ticket_page(ticket, status=409, closing_status=status, waits=waits)
    typed = entered_values(ticket.form, request.form)
    try:
        commands.change_status(db(), ticket, status, by=me(), values=typed)
    except (Invalid, NotAllowed) as refusal:
        problems = refusal.problems if isinstance(refusal, Invalid) else {}
        if not problems and not typed:
            raise
        kept = as_conflict(number, refusal)
        db().rollback()
        ticket = _ticket(number)
        status = _status(ticket, wanted)
        asked = fields_to_edit(db(), ticket, given=request.form, status=status)
        return ticket_page(
            ticket,
            status=kept.status,
            anyway=bool(request.form.get("anyway")),
            asked_status=status,
            status_fields=asked,
            status_problems=problems,
            status_refusal="" if problems else str(kept),
        )
    return _back(ticket, _("Now: %(status)s.", status=status.name_in(current_language())))


@blueprint.post("/fields")
@agent_only
def set_fields(number: int) -> Response:
    """Save the fields; a refusal shows the ticket again with what was entered and why not."""
    ticket, problems, words, code = ticket_posted_about(number), dict[str, str](), "", 200
    if not request.form.get("asked"):
        try:
            commands.set_fields(db(), ticket, entered_values(ticket.form, request.form), by=me(), version=version_given())
            return _back(ticket, _("Saved."))
        except (Invalid, Conflict, NotAllowed) as refusal:
            kept = as_conflict(number, refusal)
            problems, code = refusal.problems if isinstance(refusal, Invalid) else {}, kept.status
            words = "" if problems else str(kept)
            db().rollback()
            ticket = _ticket(number)
    edited = fields_to_edit(db(), ticket, given=request.form)
    return ticket_page(ticket, status=code, edited_fields=edited, field_problems=problems, field_refusal=words)


@blueprint.post("/subject")
@agent_only
def set_subject(number: int) -> Response:
    ticket = commands.set_subject(db(), _ticket(number), request.form.get("subject", ""), by=me())
    return _back(ticket, _("Saved."))


@blueprint.post("/reading")
@agent_only
def mark_read(number: int) -> tuple[str, int]:
    """The page was shown: it is read. Asked by the page's script, never by a GET."""
    commands.mark_read(db(), _ticket(number), me())
    return "", 204


@blueprint.post("/unread")
@agent_only
def mark_unread(number: int) -> Response:
    commands.mark_unread(db(), _ticket(number), me())
    return redirect_after(url_for("tickets.view", slug="unread"), _("Ticket %(number)s is among the unread.", number=number))


@blueprint.post("/watching")
@agent_only
def watch(number: int) -> Response:
    ticket = _ticket(number)
    if request.form.get("on"):
        commands.watch(db(), ticket, me())
        return _back(ticket, _("You are told of what happens here."))
    commands.unwatch(db(), ticket, me())
    return _back(ticket, _("You are no longer told."))


@blueprint.post("/deletion")
@agent_only
def delete(number: int) -> Response:
    bin.delete_ticket(db(), _ticket(number), me())
    return redirect_after(url_for("tickets.view", slug="open"), _("Ticket %(number)s is in the bin for 30 days.", number=number))


@blueprint.post("/restoration")
@agent_only
def restore(number: int) -> Response:
    ticket = _ticket(number)
    bin.restore_ticket(db(), ticket, me())
    return _back(ticket, _("Ticket %(number)s is back.", number=number))


@blueprint.post("/x/<plugin>/<name>")
@agent_only
def act(number: int, plugin: str, name: str) -> Response:
    """The button of an extension that is on at the ticket's form."""
    ticket, code = _ticket(number), f"{plugin}:{name}"
    runtime = runtime_of(db())
    for each in contributed(runtime.registry, Action):
        if each.plugin == plugin and each.what.name == name and ticket.form.has(plugin):
            commands.may_run(db(), ticket, me(), code)
            said = runtime.executor.do(plugin, f"action {name}", ticket.form, db(), each.what.run, ticket, me())
            if isinstance(said, Failed):
                raise Conflict(_("The extension did not do it. What happened stands on its page, under Extensions."))
            return _back(ticket, str(said))
    raise NotFound(_("There is no such action here."))


def _status(ticket: Ticket, code: str) -> Status:
    status = ticket.form.status(code)
    if status is None:
        raise Invalid(_("This form has no such status any more. Reload the page."))
    return status


def _ticket(number: int) -> Ticket:
    return ticket_for(db(), me(), number)


def _back(ticket: Ticket, text: str) -> Response:
    return redirect_after(place_after(ticket), text)


def _chosen(kind: type[Chosen], name: str) -> Chosen | None:
    given = request.form.get(name, "")
    number = row_number(given)
    found = db().get(kind, number) if number is not None else None
    if given and found is None:
        raise Invalid(_("Somebody else changed the list meanwhile. Reload the page."))
    return found
