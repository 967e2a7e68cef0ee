"""Forms, for those who configure them: the list, a form's own page, its extensions. Fields, statuses, rights: their own files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from flask import Blueprint, Response, request, url_for

from plugdesk.database import row_number
from plugdesk.errors import Conflict, Invalid
from plugdesk.forms import commands
from plugdesk.forms.copying import copy_form
from plugdesk.forms.models import Form
from plugdesk.forms.queries import configurable_forms, open_counts
from plugdesk.forms.templates import TEMPLATES, create_from_template
from plugdesk.hours.models import BusinessHours
from plugdesk.hours.queries import all_business_hours
from plugdesk.i18n import LANGUAGES, current_language, pgettext
from plugdesk.i18n import gettext as _
from plugdesk.plugins.catalog import cards
from plugdesk.users.models import Group
from plugdesk.users.queries import agents_of_form, all_groups, staff
from plugdesk_web.contributions import NavItem, contributed
from plugdesk_web.current import admin_only, agent_only, db, form_to_configure, me, runtime
from plugdesk_web.editing import FRESH, Refused, refused, version_given
from plugdesk_web.rendering import page, redirect_after, toast

Row = TypeVar("Row", Group, BusinessHours)
blueprint = Blueprint("forms", __name__, url_prefix="/forms")


@blueprint.get("")
@agent_only
def index() -> Response:
    """The forms one may configure; the archived ones apart."""
    return _index()


@blueprint.post("")
@admin_only
def create() -> Response:
    """Make a form: an empty one, from a template, or after another form; its page comes next."""
    name, language = request.form.get("name", ""), request.form.get("language")
    how, _colon, which = request.form.get("start", "").partition(":")
    waiting: list[str] = []
    try:
        if how == "template":
            form = create_from_template(db(), which, name=name, by=me(), language=language)
        elif how == "copy":
            form, waiting = copy_form(db(), form_to_configure(which), name=name, by=me())
        else:
            form = commands.create_form(db(), name=name, by=me(), language=language)
    except (Invalid, Conflict) as refusal:
        return _index(refused(refusal), request.form)
    if waiting:
        names = ", ".join(card.name for card in cards(db(), [form]) if card.id in waiting)
        toast(_("Not switched on yet, for they need settings that are not copied: %(names)s.", names=names))
    return redirect_after(url_for("forms.show", slug=form.slug), _("The form %(name)s is there.", name=form.name))


@blueprint.get("/<slug>")
@agent_only
def show(slug: str) -> Response:
    return _page(form_to_configure(slug))


@blueprint.post("/<slug>")
@agent_only
def change(slug: str) -> Response:
    """Save name, language, working time and who is responsible, all guarded by the one version of the form."""
    form, given = form_to_configure(slug), request.form
    try:
        commands.rename_form(db(), form, given.get("name", ""), by=me(), version=version_given())
        commands.set_language(db(), form, given.get("language"), by=me())
        user = next((each for each in agents_of_form(db(), form) if str(each.id) == given.get("user")), None)
        commands.set_responsible(db(), form, user=user, group=_row(Group, given.get("group", "")), by=me())
        commands.set_hours(db(), form, _row(BusinessHours, given.get("hours", "")), by=me())
    except (Invalid, Conflict) as refusal:
        said, form = refused(refusal), form_to_configure(slug)
        return _page(
            form,
            said.beside(
                [(pgettext("thing", "Name"), given.get("name"), form.name), (_("Language"), given.get("language"), form.language)]
            ),
            given,
        )
    return redirect_after(url_for("forms.show", slug=slug), _("Saved."))


@blueprint.post("/<slug>/archiving")
@admin_only
def archive(slug: str) -> Response:
    form = form_to_configure(slug)
    commands.archive_form(db(), form, by=me(), version=version_given())
    return redirect_after(
        url_for("forms.index"), _("%(name)s is archived. Its tickets stay; it takes no new ones.", name=form.name)
    )


@blueprint.post("/<slug>/unarchiving")
@admin_only
def unarchive(slug: str) -> Response:
    form = form_to_configure(slug)
    commands.unarchive_form(db(), form, by=me(), version=version_given())
    return redirect_after(url_for("forms.show", slug=slug), _("%(name)s takes tickets again.", name=form.name))


@blueprint.get("/<slug>/extensions")
@agent_only
def extensions(slug: str) -> Response:
    """Every extension as it stands on this form, those that are on first."""
    form = form_to_configure(slug)
    here = [(card, place) for card in cards(db(), [form]) for place in card.places if place.form is not None]
    here.sort(key=lambda each: (not each[1].is_on, each[0].name.lower()))
    return page("forms/extensions.html", form=form, tabs=tabs_of(form, "extensions"), cards=here, own=_own_pages(form))


def tabs_of(form: Form, current: str) -> list[dict[str, Any]]:
    """The pages about one form; `current` is the one that is shown."""
    on = len(form.extensions)
    items = [
        ("show", _("Overview"), "forms.show", None),
        ("fields", _("Fields"), "fields.index", len(form.fields)),
        ("statuses", _("Statuses"), "statuses.index", len(form.statuses)),
        ("extensions", _("Extensions"), "forms.extensions", on),
        ("agents", _("Rights"), "rights.index", None),
    ]
    return [
        {"title": title, "url": url_for(endpoint, slug=form.slug), "count": count, "current": name == current}
        for name, title, endpoint, count in items
    ]


def _row(kind: type[Row], given: str) -> Row | None:
    number = row_number(given)
    return db().get(kind, number) if number is not None else None


def _own_pages(form: Form) -> list[dict[str, str]]:
    """The pages that extensions have for this form: mailboxes, bots, links."""
    return [
        {"title": str(each.what.title), "icon": each.what.icon, "url": url_for(each.what.endpoint, slug=form.slug)}
        for each in contributed(runtime().registry, NavItem)
        if each.what.place == "form" and form.has(each.plugin)
    ]


def _index(refusal: Refused = FRESH, given: Mapping[str, Any] | None = None) -> Response:
    forms = configurable_forms(db(), me(), archived=True)
    return page(
        "forms/index.html", status=refusal.status, refused=refusal, given=given or {}, counts=open_counts(db()),
        forms=[form for form in forms if form.archived_at is None], archived=[form for form in forms if form.archived_at],
        languages=list(LANGUAGES.items()), responsible={form.id: _responsible(form) for form in forms}, starts=_starts(forms),
        templates=[(each.name[current_language()], each.about[current_language()]) for each in TEMPLATES.values()],
    )  # fmt: skip


def _starts(forms: Sequence[Form]) -> list[tuple[str, str]]:
    """What a new form can begin as, besides empty."""
    templates = [(f"template:{code}", each.name[current_language()]) for code, each in TEMPLATES.items()]
    return templates + [
        (f"copy:{form.slug}", _("Copy of %(name)s", name=form.name)) for form in forms if form.archived_at is None
    ]


def _responsible(form: Form) -> str:
    people = {each.id: each.name for each in staff(db())} if form.responsible_user_id else {}
    groups = {each.id: each.name for each in all_groups(db())} if form.responsible_group_id else {}
    names = (people.get(form.responsible_user_id or 0), groups.get(form.responsible_group_id or 0))
    return ", ".join(name for name in names if name)


def _page(form: Form, refusal: Refused = FRESH, given: Mapping[str, Any] | None = None) -> Response:
    stored = {
        "name": form.name, "language": form.language, "user": form.responsible_user_id, "group": form.responsible_group_id,
        "hours": form.hours_id,
    }  # fmt: skip
    return page(
        "forms/show.html", status=refusal.status, form=form, tabs=tabs_of(form, "show"), refused=refusal, given=given or stored,
        languages=list(LANGUAGES.items()), people=[(each.id, each.name) for each in agents_of_form(db(), form)],
        groups=[(each.id, each.name) for each in all_groups(db())], own=_own_pages(form), open_tickets=open_counts(db()).get(form.id, 0),
        hours=[(each.id, each.name) for each in all_business_hours(db())],
    )  # fmt: skip
