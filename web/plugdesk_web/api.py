"""What the pages promise to plugins. Everything else here may change."""

from plugdesk_web.conditions import EditedCondition, edit_condition, typed_condition
from plugdesk_web.contributions import (
    Action,
    Banner,
    Button,
    Cell,
    Column,
    ComposerTool,
    CustomerPanel,
    DashboardCard,
    FormActions,
    MessageAction,
    NavItem,
    Offer,
    Pages,
    Panel,
    SearchWord,
    SeenBy,
    Together,
)
from plugdesk_web.cookies import speak_as_asked
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
from plugdesk_web.customers import (
    begin_customer_session,
    begin_framed_session,
    customer_or_none,
    customer_session,
    end_customer_session,
    forget_customer,
    framed,
    keep_customer,
    keep_secret,
    kept_secret,
)
from plugdesk_web.editing import version_given
from plugdesk_web.inserting import ShownTool, tools_of
from plugdesk_web.looks import LOOK_SIZES, look_variables, read_look
from plugdesk_web.once import done_before, new_key, remember
from plugdesk_web.rendering import context, page, redirect_after, toast
from plugdesk_web.security import frameable, own_path
from plugdesk_web.sending_files import send_attachment
from plugdesk_web.shown import proof_of, refuse_another_customer, ticket_to_act_on, was_shown
from plugdesk_web.sites import is_among, origin_of, read_sites
from plugdesk_web.thread import customers_body_of
from plugdesk_web.ticket_fields import PREFIX as FIELD_PREFIX
from plugdesk_web.ticket_fields import EditedField, edited_field, entered_values, has_rules
from plugdesk_web.written import written_files, written_html

__all__ = [
    "FIELD_PREFIX",
    "LOOK_SIZES",
    "Action",
    "Banner",
    "Button",
    "Cell",
    "Column",
    "ComposerTool",
    "CustomerPanel",
    "DashboardCard",
    "EditedCondition",
    "EditedField",
    "FormActions",
    "MessageAction",
    "NavItem",
    "Offer",
    "Pages",
    "Panel",
    "SearchWord",
    "SeenBy",
    "ShownTool",
    "Together",
    "admin_only",
    "agent_only",
    "begin_customer_session",
    "begin_framed_session",
    "begin_reading",
    "begin_writing",
    "context",
    "customer_or_none",
    "customer_session",
    "customers_body_of",
    "db",
    "done_before",
    "edit_condition",
    "edited_field",
    "end_customer_session",
    "entered_values",
    "forget_customer",
    "form_here",
    "form_to_configure",
    "frameable",
    "framed",
    "has_rules",
    "is_among",
    "keep_customer",
    "keep_secret",
    "kept_secret",
    "look_variables",
    "me",
    "me_or_none",
    "new_key",
    "origin_of",
    "own_path",
    "page",
    "proof_of",
    "read_look",
    "read_sites",
    "redirect_after",
    "refuse_another_customer",
    "remember",
    "send_attachment",
    "speak_as_asked",
    "ticket_to_act_on",
    "toast",
    "tools_of",
    "typed_condition",
    "version_given",
    "was_shown",
    "written_files",
    "written_html",
]
