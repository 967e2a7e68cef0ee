"""What the pages promise to plugins. Everything else here may change."""

from plugdesk_web.conditions import EditedCondition, edit_condition, typed_condition
from plugdesk_web.contributions import (
    Action,
    Banner,
    Button,
    Cell,
    Column,
    ComposerTool,
    DashboardCard,
    FormActions,
    MessageAction,
    NavItem,
    Offer,
    Pages,
    Panel,
)
from plugdesk_web.current import (
    admin_only,
    agent_only,
    begin_reading,
    begin_writing,
    db,
    form_here,
    form_to_configure,
    me,
    me_or_none,
)
from plugdesk_web.editing import version_given
from plugdesk_web.once import done_before, new_key, remember
from plugdesk_web.rendering import context, page, redirect_after, toast
from plugdesk_web.security import frameable, own_path
from plugdesk_web.shown import proof_of, refuse_another_customer, ticket_to_act_on, was_shown
from plugdesk_web.ticket_fields import PREFIX as FIELD_PREFIX
from plugdesk_web.ticket_fields import EditedField, edited_field, entered_values, has_rules
from plugdesk_web.written import written_files, written_html

__all__ = [
    "FIELD_PREFIX",
    "Action",
    "Banner",
    "Button",
    "Cell",
    "Column",
    "ComposerTool",
    "DashboardCard",
    "EditedCondition",
    "EditedField",
    "FormActions",
    "MessageAction",
    "NavItem",
    "Offer",
    "Pages",
    "Panel",
    "admin_only",
    "agent_only",
    "begin_reading",
    "begin_writing",
    "context",
    "db",
    "done_before",
    "edit_condition",
    "edited_field",
    "entered_values",
    "form_here",
    "form_to_configure",
    "frameable",
    "has_rules",
    "me",
    "me_or_none",
    "new_key",
    "own_path",
    "page",
    "proof_of",
    "redirect_after",
    "refuse_another_customer",
    "remember",
    "ticket_to_act_on",
    "toast",
    "typed_condition",
    "version_given",
    "was_shown",
    "written_files",
    "written_html",
]
