"""Which actions somebody may run on a ticket, and why not."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from plugdesk.api import Conflict, Context, Ticket, User, can_configure, can_delete, current_language, rights_of, why_not
from plugdesk.api import gettext as _
from plugdesk_workflow.definition import NOBODY, read
from plugdesk_workflow.models import Action


def right_to(action: Action) -> str:
    """The code by which rights name the action."""
    return f"workflow:{action.code}"


def title_of(action: Action) -> str:
    """The action's name in the reader's language."""
    return action.name_in(current_language())


def actions_of(ctx: Context) -> list[Action]:
    """The form's actions in their order."""
    assert ctx.form is not None, "Workflow is switched on for forms."
    wanted = sa.select(Action).where(Action.form_id == ctx.form.id).order_by(Action.position, Action.id)
    return list(ctx.db.scalars(wanted))


def any_on(ticket: Any) -> sa.ColumnElement[bool]:
    """Whether the ticket's form has an action that is on."""
    return sa.exists().where(Action.form_id == ticket.form_id, Action.is_on)


def action_called(ctx: Context, code: str) -> Action | None:
    """The form's action with this code."""
    assert ctx.form is not None, "Workflow is switched on for forms."
    return ctx.db.scalars(sa.select(Action).where(Action.form_id == ctx.form.id, Action.code == code)).one_or_none()


def offered(ctx: Context, ticket: Ticket, by: User) -> list[Action]:
    """The actions that `by` may run on the ticket as it stands."""
    return [each for each in actions_of(ctx) if is_offered(ticket, each) and not why_not_run(ctx, ticket, each, by)]


def is_offered(ticket: Ticket, action: Action) -> bool:
    """Whether there is such an action in the ticket's status. A subtask has none: their letters would tell of it."""
    here = action.is_on and action.form_id == ticket.form_id and ticket.parent_id is None
    return here and ticket.form.status_by_id(ticket.status_id).code in action.statuses


def check_offered(ticket: Ticket, action: Action) -> None:
    """Raises `Conflict` where the ticket's status does not offer the action, or it is off."""
    if ticket.parent_id is not None:
        raise Conflict(_("Actions belong to tickets, and this is a subtask. Run it on the ticket it hangs on."))
    if not is_offered(ticket, action):
        status = ticket.form.status_by_id(ticket.status_id).name_in(current_language())
        raise Conflict(_("“%(action)s” cannot be run in the status “%(status)s”.", action=title_of(action), status=status))


def why_not_run(ctx: Context, ticket: Ticket, action: Action, by: User) -> str:
    """Why `by` may not run the action, in a sentence; "" when they may. What its status offers is another question."""
    code = right_to(action)
    if sentence := why_not(ctx.db, by, ticket, code):
        return sentence.replace(code, title_of(action))
    definition = read(action)
    if definition.does.delete and not can_delete(ctx.db, by, ticket):
        return _("“%(action)s” deletes the ticket, and you may not delete tickets of this form.", action=title_of(action))
    who = definition.who
    if who == NOBODY:
        return _("“%(action)s” runs by itself; nobody presses it.", action=title_of(action))
    if who.agents or (who.assignee and ticket.assignee_id == by.id) or can_configure(ctx.db, by, ticket.form):
        return ""
    if not rights_of(ctx.db, by).groups.isdisjoint(who.groups):
        return ""
    if who.assignee and not who.groups:
        return _("Only whom the ticket is assigned to may run “%(action)s”. Accept it first.", action=title_of(action))
    return _("“%(action)s” is for others to run. An administrator of the form can give it to you.", action=title_of(action))
