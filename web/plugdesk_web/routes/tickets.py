"""The lists of tickets, one ticket, and opening one for a customer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from flask import Blueprint, Response, request, url_for

from plugdesk.actions import ACTIONS
from plugdesk.database import row_number
from plugdesk.errors import Invalid, NotFound
from plugdesk.forms.queries import forms_for
from plugdesk.i18n import current_language
from plugdesk.i18n import gettext as _
from plugdesk.permissions import can_configure, can_delete, can_open, can_run, can_see, why_not
from plugdesk.tickets.attachments import uploads_of
from plugdesk.tickets.combining import survivor
from plugdesk.tickets.commands import may_run
from plugdesk.tickets.correspondence import Said, open_ticket
from plugdesk.tickets.lists import VIEWS, Filter, Page, tickets_by_fact, tickets_of_view
from plugdesk.tickets.models import Ticket
from plugdesk.tickets.queries import thread_of, ticket_for
from plugdesk.tickets.subtasks import parent_of
from plugdesk.users.customers import customer_at, find_or_create_customer
from plugdesk_web import once
from plugdesk_web.asked_lists import key_of, key_text
from plugdesk_web.assignees import assignees_of
from plugdesk_web.bulk import offered_in_lists
from plugdesk_web.combining import link_values
from plugdesk_web.current import agent_only, db, form_here, me, runtime
from plugdesk_web.inserting import message_acts_of, tools_of
from plugdesk_web.navigation import KEYS
from plugdesk_web.rendering import is_fragment, page, redirect_after
from plugdesk_web.shown import proof_of
from plugdesk_web.slots import actions_of, columns_of, columns_seen, facts_of, panels_of, tools_of_list
from plugdesk_web.standing import standing_of
from plugdesk_web.thread import entries_of
from plugdesk_web.ticket_fields import entered_values, fields_to_edit, has_rules, shown_fields
from plugdesk_web.ways import ways_of
from plugdesk_web.written import written_files

blueprint = Blueprint("tickets", __name__)


@blueprint.get("/")
@agent_only
def home() -> Response:
    return redirect_after(url_for("tickets.view", slug="open"))


@blueprint.get("/views/<slug>")
@agent_only
def view(slug: str) -> Response:
    """One of the built-in views, fifty tickets a page, by key."""
    title = next((each.title for each in VIEWS if each.slug == slug), None)
    if title is None:
        raise NotFound(_("There is no such view."))
    narrowed = narrowed_by(request.args)
    values = list_values(slug, title=str(title), narrowed=narrowed)
    return page("tickets/list.html", fragment="tickets/_list.html", **values)


@blueprint.get("/tickets/<int:number>")
@agent_only
def show(number: int) -> Response:
    """One ticket: its thread, its composer, its panels. The address of a merged one leads to its survivor, but for `own`."""
    forms_for(db(), me(), archived=True)  # the ticket's form comes with those of the left panel
    ticket = ticket_for(db(), me(), number)
    if ticket.merged_into_id is not None and not is_fragment() and not request.args.get("own"):
        into = survivor(db(), ticket)
        if can_see(db(), me(), into):
            words = _("Ticket %(number)s was merged into this one, %(into)s.", number=number, into=into.number)
            return redirect_after(url_for("tickets.show", number=into.number), words)
    return ticket_page(ticket)


@blueprint.get("/tickets/<int:number>/assignment")
@agent_only
def assignees(number: int) -> Response:
    """Whom the ticket can be given to: the menu on the ticket, and without script a page."""
    ticket = ticket_for(db(), me(), number)
    may_run(db(), ticket, me(), "assign")
    return page("tickets/assignment.html", fragment="tickets/_assignees.html", ticket=ticket, **assignees_of(db(), ticket))


@blueprint.get("/tickets/new")
@agent_only
def new() -> Response:
    """The page on which an agent opens a ticket for a customer: a call, a visit."""
    return _new_page({"form": request.args.get("form", "")}, {})


@blueprint.post("/tickets")
@agent_only
def create() -> Response:
    """Open it. A refusal shows the page again with everything typed."""
    if (target := once.done_before(db(), me().id)) is not None:
        return redirect_after(target)
    given = request.form
    if given.get("asked"):
        return _new_page(given, {})
    problems = {
        name: sentence
        for name, sentence in (
            ("form", _("Choose the form.")),
            ("customer", _("Write the customer's e-mail address, or phone number.")),
            ("subject", _("A ticket needs a subject.")),
            ("text", _("Write what the customer asks for.")),
        )
        if not given.get(name, "").strip()
    }
    try:
        if problems:
            raise Invalid(problems=problems)
        form = form_here(given["form"])
        address = given["customer"].strip()
        channel = "email" if "@" in address else "phone"
        customer = find_or_create_customer(db(), channel=channel, value=address, name=given.get("name", "").strip())
        said = Said(text=given["text"].strip(), files=written_files())
        ticket = open_ticket(
            db(),
            form,
            customer,
            subject=given["subject"],
            said=said,
            channel="phone",
            by=me(),
            values=entered_values(form, given),
            uploads=given.getlist("attachment"),
        )
    except Invalid as refusal:
        db().rollback()
        return _new_page(given, refusal.problems, str(refusal))
    target = place_after(ticket)
    return redirect_after(once.remember(db(), me().id, target) or target, _("Ticket %(number)s is open.", number=ticket.number))


def list_values(
    slug: str, *, title: str, narrowed: Filter | None = None, find: Callable[[Collection[str]], Page] | None = None
) -> dict[str, Any]:
    """What `tickets/_list.html` draws: a page of the view `slug`, narrowed, or what `find(facts)` finds, with extensions' columns."""
    forms = {form.id: form for form in forms_for(db(), me(), archived=True)}
    columns = columns_seen(db(), me(), forms.values())
    narrowed = narrowed or Filter()
    wanted = facts_of(columns)
    after = key_of(request.args.get("after", ""))
    by = next((each for each in columns if each.orders and each.id == request.args.get("by") and not find), None)
    if find:
        found = find(wanted)
    elif by:
        fact = by.column.earliest_by
        found = tickets_by_fact(db(), me(), slug, fact, forms=by.on.keys(), narrowed=narrowed, after=after, facts=wanted)
    else:
        found = tickets_of_view(db(), me(), slug, narrowed=narrowed, after=after, facts=wanted)
    language = current_language()
    arguments = {name: value for name, value in request.args.items() if name != "after" and value}
    older = key_text(found.next)
    return {
        "title": title,
        "slug": slug,
        "tickets": found.tickets,
        "forms": forms,
        "names": {status.id: status.name_in(language) for form in forms.values() for status in form.statuses},
        "tones": {status.id: status.tone for form in forms.values() for status in form.statuses},
        "columns": columns_of(db(), columns, found),
        "orders": {} if find else {each.id: _here(_turned(arguments, each.id)) for each in columns if each.orders},
        "ordered": by.id if by else "",
        "language": language,
        "narrowed": narrowed,
        "ways": {name: (channel.icon, str(channel.title)) for name, channel in runtime().registry.channels.items()},
        "once": once.new_key(),
        "at_once": {"restore"} if slug == "bin" else offered_in_lists(db(), me(), forms.values()),
        "here": request.full_path.rstrip("?"),
        "arguments": arguments,
        "older_url": _here(arguments, after=older) if older else "",
        "list_tools": tools_of_list(
            db(), [forms[narrowed.form_id]] if narrowed.form_id in forms else forms.values(), {"view": slug, **arguments}
        ),
        "newer_url": _here(arguments) if request.args.get("after") else "",
    }


def _turned(arguments: dict[str, str], column: str) -> dict[str, str]:
    """The arguments of the same list ordered by the column, or as ever where that is how it is ordered."""
    others = {name: value for name, value in arguments.items() if name != "by"}
    return others if arguments.get("by") == column else {**others, "by": column}


def _here(arguments: dict[str, str], **more: str) -> str:
    return url_for(request.endpoint or "tickets.view", **{**(request.view_args or {}), **arguments, **more})


def ticket_page(
    ticket: Ticket, *, status: int = 200, said: dict[str, str] | None = None, problem: str = "", **more: Any
) -> Response:
    """The page of `ticket`; after a refusal with `said`, what was typed, the `problem` in words, and `more` values of the page."""
    session, agent, language = db(), me(), current_language()
    messages = thread_of(session, ticket)
    may = {action for action in ACTIONS if can_run(session, agent, ticket, action)}
    standing = standing_of(session, ticket, agent)
    return page(
        "tickets/show.html",
        fragment=_fragment(),
        status=status,
        ticket=ticket,
        entries=entries_of(session, ticket, messages, reader=agent),
        last_id=messages[-1].id if messages else 0,
        panels=panels_of(session, ticket, agent, standing.unconcerned),
        actions=actions_of(session, ticket, agent, standing.unconcerned),
        tools=tools_of(session, ticket, agent),
        message_acts=message_acts_of(session, ticket, messages, agent),
        fields=shown_fields(session, ticket),
        channel=runtime().registry.channels.get(ticket.channel),
        language=language,
        may=may,
        writable=may & ({"note"} if ticket.parent_id else {"reply", "note", "ask"}),
        parent=parent_of(session, ticket, agent),
        links=link_values(session, ticket, agent) if standing.linked else [],
        closed_to_me=why_not(session, agent, ticket, "reply") if ticket.deleted_at is None else "",
        lives_on=_lives_on(ticket),
        ways=ways_of(session, ticket),
        watched=standing.watched,
        tags=standing.tags,
        customers_tags=standing.customers_tags,
        stands=ticket.form.status_by_id(ticket.status_id),
        statuses=[
            {
                "value": each.code,
                "label": each.name_in(language),
                "icon": f"status-{each.kind}",
                "current": each.id == ticket.status_id,
            }
            for each in ticket.form.statuses
        ],
        may_delete=can_delete(session, agent, ticket),
        may_configure=can_configure(session, agent, ticket.form),
        once=once.new_key(),
        shown=proof_of(ticket.number),
        draft=said or standing.draft,
        problem=problem,
        keys=KEYS,
        has_rules=has_rules(ticket.form),
        edit_open=request.args.get("edit") == "fields",
        **{"edited_fields": more.pop("edited_fields", None) or fields_to_edit(session, ticket), **more},
    )


def place_after(ticket: Ticket, anchor: str | None = None) -> str:
    """Where one is after having done something to the ticket: on its page, or on the list when it is theirs to see no more."""
    if can_see(db(), me(), ticket):
        return url_for("tickets.show", number=ticket.number, _anchor=anchor)
    return url_for("tickets.view", slug="open")


def _lives_on(ticket: Ticket) -> int | None:
    """The number of the ticket it was merged into, if the reader sees that one."""
    into = survivor(db(), ticket)
    return into.number if into is not ticket and can_see(db(), me(), into) else None


def _fragment() -> str | None:
    target = request.headers.get("HX-Target", "")
    known = {"thread": "tickets/_thread.html", "side": "tickets/_side.html", "ticket-head": "tickets/_head.html"}
    return next((name for part, name in known.items() if part in target), None)


def narrowed_by(arguments: Mapping[str, str]) -> Filter:
    """What the arguments of a view's address narrow it to."""
    form = form_here(arguments["form"]) if arguments.get("form") else None
    group = arguments.get("group", "")
    return Filter(
        form_id=form.id if form else None,
        group_id=row_number(group),
    )


def _kept() -> list[dict[str, str]]:
    """What was uploaded for the page that comes back with a refusal, and is not gone since."""
    try:
        found = uploads_of(db(), request.form.getlist("attachment"), me())
    except (Invalid, NotFound):
        return []
    return [{"key": each.key, "name": each.name} for each in found]


def _new_page(given: Any, problems: Any, words: str = "") -> Response:
    forms = [form for form in forms_for(db(), me()) if form.archived_at is None and can_open(db(), me(), form.id)]
    chosen = next((form for form in forms if form.slug == given.get("form")), forms[0] if forms else None)
    return page(
        "tickets/new.html",
        status=422 if problems else 200,
        forms=forms,
        form_choices=[(form.slug, form.name) for form in forms],
        chosen=chosen,
        given=given,
        problems=problems,
        words=words,
        kept_files=_kept(),
        asked=fields_to_edit(db(), None, form=chosen, given=given, customer=customer_at(db(), given.get("customer", "")))
        if chosen
        else [],
        once=once.new_key(),
    )
