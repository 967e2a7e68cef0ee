"""The page of a form on which its admins say when customers are not asked, and in which words they are."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, request, url_for

from plugdesk.api import LANGUAGES, Conflict, Form, Invalid, NotFound, lazy_gettext, storable
from plugdesk.api import gettext as _
from plugdesk_csat.commands import add_priority, save_asking
from plugdesk_csat.conditions import asking_of, lost_in, offered, read_condition
from plugdesk_csat.models import Asking
from plugdesk_csat.panel import act
from plugdesk_web.api import (
    FRESH,
    EditedCondition,
    NavItem,
    Pages,
    Refused,
    context,
    db,
    edit_condition,
    form_here,
    form_to_configure,
    me,
    page,
    redirect_after,
    refused,
    ticket_to_act_on,
    typed_condition,
    version_given,
)

blueprint = Blueprint("when", __name__)
PAGES = [Pages(blueprint, "form"), NavItem(lazy_gettext("Asking for a rating"), "smile", "csat_when.show", place="form")]
WHEN = "not_when"
TEXTS = {
    "invitation": lazy_gettext("Invitation, above the faces"), "thanks": lazy_gettext("Thanks, after the mark is stored"),
}  # fmt: skip
Texts = Mapping[str, Mapping[str, str]]


@blueprint.get("/")
def show(slug: str) -> Response:
    """The condition and the words as they are stored."""
    form = form_to_configure(slug)
    asking = asking_of(context("csat"))
    return _page(form, _stored(form, asking), asking.texts if asking else {})


@blueprint.post("/")
def save(slug: str) -> Response:
    """Store them; a refusal keeps what was typed, and the editor's own buttons store nothing."""
    form = form_to_configure(slug)
    ctx = context("csat")
    when = typed_condition(WHEN, offered(ctx, form), request.form)
    texts = {
        language: {name: storable(request.form.get(f"{name}-{language}", "").replace("\r\n", "\n").strip()) for name in TEXTS}
        for language in LANGUAGES
    }
    if when.pressed:
        return _page(form, when, texts)
    try:
        save_asking(ctx, not_when=when.read(), texts=texts, by=me(), version=version_given())
        db().flush()  # two who save at the same moment: the second is refused here
    except (Conflict, Invalid) as refusal:
        said, form = refused(refusal), form_to_configure(slug)
        asking = asking_of(context("csat"))
        said = said.compared(_in_words(when, texts), _in_words(_stored(form, asking), asking.texts if asking else {}))
        return _page(form, when.checked(), texts, said)
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


def _page(form: Form, when: EditedCondition, texts: Texts, said: Refused = FRESH) -> Response:
    ctx = context("csat")
    asking = asking_of(ctx)
    lost = lost_in(read_condition(ctx, form, asking.not_when)) if asking and asking.not_when else []
    return page(
        "csat:when.html", status=said.status, form=form, when=when, texts=texts, version=said.version_of(asking.version if asking else 0),
        refused=said, problems=said.problems, languages=LANGUAGES, labels=TEXTS, lost=lost, settings=ctx.settings,
        has_choice=any(field.kind.has_choices for field in form.fields),
    )  # fmt: skip


def _stored(form: Form, asking: Asking | None) -> EditedCondition:
    return edit_condition(WHEN, offered(context("csat"), form), asking.not_when if asking else None)


def _in_words(when: EditedCondition, texts: Texts) -> dict[str, str]:
    """Each control's label with what stands in it."""
    words = {
        f"{label} ({language})": texts.get(code, {}).get(name, "")
        for code, language in LANGUAGES.items()
        for name, label in TEXTS.items()
    }
    return {_("Do not ask when"): when.words, **words}
