"""The page of a form on which its admins say when customers are not asked, and in which words they are."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, request, url_for

from plugdesk.api import LANGUAGES, Conflict, Form, Invalid, NotFound, PlugdeskError, lazy_gettext, storable
from plugdesk.api import gettext as _
from plugdesk_csat.commands import add_priority, save_asking
from plugdesk_csat.conditions import asking_of, lost_in, offered, read_condition
from plugdesk_csat.panel import act
from plugdesk_web.api import (
    EditedCondition,
    NavItem,
    Pages,
    context,
    db,
    edit_condition,
    form_here,
    form_to_configure,
    me,
    page,
    redirect_after,
    ticket_to_act_on,
    typed_condition,
    version_given,
)

blueprint = Blueprint("when", __name__)
PAGES = [Pages(blueprint, "form"), NavItem(lazy_gettext("Asking for a rating"), "smile", "csat_when.show", place="form")]
WHEN = "not_when"
TEXTS = ("invitation", "thanks")


@blueprint.get("/")
def show(slug: str) -> Response:
    """The condition and the words as they are stored."""
    form = form_to_configure(slug)
    ctx = context("csat")
    asking = asking_of(ctx)
    when = edit_condition(WHEN, offered(ctx, form), asking.not_when if asking else None)
    return _page(form, when, asking.texts if asking else {}, version=asking.version if asking else 0)


@blueprint.post("/")
def save(slug: str) -> Response:
    """Store them; a refusal keeps what was typed, and the editor's own buttons store nothing."""
    form = form_to_configure(slug)
    ctx = context("csat")
    when, version = typed_condition(WHEN, offered(ctx, form), request.form), version_given()
    texts = {
        language: {name: storable(request.form.get(f"{name}-{language}", "").replace("\r\n", "\n").strip()) for name in TEXTS}
        for language in LANGUAGES
    }
    if when.pressed:
        return _page(form, when, texts, version=version)
    try:
        save_asking(ctx, not_when=when.read(), texts=texts, by=me(), version=version)
        db().flush()  # two who save at the same moment: the second is refused here
    except (Conflict, Invalid) as refusal:
        db().rollback()
        form = form_to_configure(slug)
        asking = asking_of(context("csat"))
        return _page(form, when.checked(), texts, version=asking.version if asking else 0, refusal=refusal)
    return redirect_after(url_for(".show", slug=slug), _("Saved."))


@blueprint.post("/priority")
def priority(slug: str) -> Response:
    """Give a form without a choice field the field Priority."""
    form_to_configure(slug)
    add_priority(context("csat"), by=me())
    return redirect_after(url_for(".show", slug=slug), _("“%(label)s” is asked from now on.", label=_("Priority")))


@blueprint.post("/tickets/<int:number>/asking")
def ask(slug: str, number: int) -> Response:
    """An agent asks the customer of one ticket."""
    form = form_here(slug)
    ticket = ticket_to_act_on(number)
    if ticket.form_id != form.id:
        raise NotFound(_("There is no such ticket on this form any more."))
    said = act(context("csat"), ticket, me(), "ask")
    return redirect_after(url_for("tickets.show", number=ticket.number), said)


def _page(
    form: Form,
    when: EditedCondition,
    texts: Mapping[str, Mapping[str, str]],
    *,
    version: int | None,
    refusal: PlugdeskError | None = None,
) -> Response:
    ctx = context("csat")
    asking = asking_of(ctx)
    lost = lost_in(read_condition(ctx, form, asking.not_when)) if asking and asking.not_when else []
    return page(
        "csat:when.html", status=refusal.status if refusal else 200, form=form, when=when, texts=texts, version=version,
        problems=refusal.problems if isinstance(refusal, Invalid) else {}, words=str(refusal) if isinstance(refusal, Conflict) else "",
        languages=LANGUAGES, lost=lost, settings=ctx.settings, has_choice=any(field.kind.has_choices for field in form.fields),
    )  # fmt: skip
