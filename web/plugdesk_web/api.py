"""What the pages promise to plugins. Everything else here may change."""

from plugdesk_web.conditions import EditedCondition, edit_condition, typed_condition
from plugdesk_web.contributions import Action, Banner, Cell, Column, DashboardCard, NavItem, Pages, Panel
from plugdesk_web.current import admin_only, agent_only, db, form_here, form_to_configure, me, me_or_none
from plugdesk_web.editing import version_given
from plugdesk_web.once import done_before, new_key, remember
from plugdesk_web.rendering import context, page, redirect_after, toast
from plugdesk_web.security import own_path

__all__ = [
    "Action", "Banner", "Cell", "Column", "DashboardCard", "EditedCondition", "NavItem", "Pages", "Panel", "admin_only", "agent_only", "context", "db",
    "done_before", "edit_condition", "form_here", "form_to_configure", "me", "me_or_none", "new_key", "own_path", "page", "redirect_after", "remember", "toast", "typed_condition", "version_given",
]  # fmt: skip
