"""Switching extensions on and off, and their settings: each a command, then back; a refusal keeps everything typed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import wraps

from flask import Blueprint, Response, flash, make_response, request, url_for

from plugdesk.database import afterwards
from plugdesk.errors import Conflict, Invalid, NotFound, PlugdeskError
from plugdesk.forms.models import Desk, Form
from plugdesk.i18n import format_list, ngettext
from plugdesk.i18n import gettext as _
from plugdesk.plugins.removal import delete_data
from plugdesk.plugins.switch import disable_plugin, enable_plugin, forget_settings, name_of
from plugdesk_web.current import db, me, only_reading, runtime
from plugdesk_web.editing import refused
from plugdesk_web.extensions.flow import Tested, differences, entered_settings, save_entered
from plugdesk_web.extensions.places import back_to, configuring_only, my_extension, scope_here
from plugdesk_web.rendering import is_fragment, redirect_after
from plugdesk_web.routes.extensions import flow_page, matrix_page, place_name
from plugdesk_web.settings_form import unsaved_settings

blueprint = Blueprint("switching", __name__, url_prefix="/extensions/<plugin>")
View = Callable[[str, str | None], Response]


def at_place(name: str, *, reading: bool = False) -> Callable[[View], View]:
    """A POST about an extension in one place: `/forms/SLUG/name`, or `/desk/name`; with `reading` it changes nothing itself."""

    def route(view: View) -> View:
        guarded = configuring_only(view)

        @wraps(view)
        def begun(plugin: str, slug: str | None) -> Response:
            if reading:
                only_reading()
            return guarded(plugin, slug)

        blueprint.post(f"/desk/{name}", defaults={"slug": None}, endpoint=view.__name__)(begun)
        blueprint.post(f"/forms/<slug>/{name}", endpoint=view.__name__)(begun)
        return view

    return route


@at_place("activation")
def switch_on(plugin: str, slug: str | None) -> Response:
    """Save the settings and switch it on, along with what it requires if that was ticked."""
    scope = scope_here(slug)
    my_extension(plugin)
    try:
        save_entered(db(), plugin, scope)
        switched = enable_plugin(db(), scope, plugin, me(), along=bool(request.form.get("along")))
    except (Invalid, Conflict) as refusal:
        return _again(plugin, slug, refusal)
    return _done(plugin, _on_in_words(switched, scope))


@at_place("deactivation")
def switch_off(plugin: str, slug: str | None) -> Response:
    """Switch it off, along with what requires it if that was ticked. Data and settings are kept."""
    scope = scope_here(slug)
    my_extension(plugin)
    try:
        switched = disable_plugin(db(), scope, plugin, me(), along=bool(request.form.get("along")))
    except Invalid as refusal:
        return _again(plugin, slug, refusal)
    return _done(plugin, _off_in_words(switched, scope))


@at_place("settings")
def save(plugin: str, slug: str | None) -> Response:
    """Save the settings and leave the switch as it is."""
    scope = scope_here(slug)
    my_extension(plugin)
    try:
        changed = save_entered(db(), plugin, scope)
    except (Invalid, Conflict) as refusal:
        return _again(plugin, slug, refusal)
    return _done(plugin, _("Saved for %(where)s.", where=place_name(scope)) if changed else _("Nothing was changed."))


@at_place("draft", reading=True)
def draft(plugin: str, slug: str | None) -> Response:
    """The page again with everything typed and nothing saved: a setting back to what is below, room for another row."""
    return flow_page(plugin, slug, given=request.form)


@at_place("test", reading=True)
def test(plugin: str, slug: str | None) -> Response:
    """Try the settings as they stand on the page, saved or not."""
    scope = scope_here(slug)
    my_extension(plugin)
    try:
        works = _test(plugin, scope)
    except Invalid as refusal:
        told = refused(refusal)
        tested = None if told.problems else Tested(problem=str(refusal))
        return flow_page(plugin, slug, given=request.form, refused=told, tested=tested)
    except PlugdeskError as refusal:
        return flow_page(plugin, slug, given=request.form, tested=Tested(problem=str(refusal)))
    return flow_page(plugin, slug, given=request.form, tested=Tested(works=works))


@at_place("retry", reading=True)
def retry(plugin: str, slug: str | None) -> Response:
    """Try now: what was suspended is asked again from the next call on."""
    scope = scope_here(slug)
    name = my_extension(plugin).card.name
    breaker, scope_id, by = runtime().breaker, scope.id, me()
    afterwards(db(), lambda: breaker.resume(plugin, scope_id, by=by))
    text = _("%(name)s is tried again on %(where)s with the next call.", name=name, where=place_name(scope))
    return redirect_after(back_to(url_for("extensions.show", plugin=plugin)), text)


@at_place("data-deletion")
def delete(plugin: str, slug: str | None) -> Response:
    """Delete what the extension keeps of one form, once the box says that this is meant."""
    scope = scope_here(slug)
    my_extension(plugin)
    if not isinstance(scope, Form):
        raise NotFound(_("There is no such form."))
    try:
        if not request.form.get("sure"):
            raise Invalid(problems={"sure": _("Tick the box to say that you mean it: deleted data does not come back.")})
        deleted = delete_data(db(), plugin, scope, me())
    except (Invalid, Conflict) as refusal:
        return _again(plugin, slug, refusal)
    number = sum(deleted.values())
    return _done(
        plugin,
        ngettext("%(num)s row of %(where)s was deleted.", "%(num)s rows of %(where)s were deleted.", number, where=scope.name),
    )


@at_place("switch")
def flip(plugin: str, slug: str | None) -> Response:
    """The switch of the matrix: `on` switches on, its absence off; where more is needed it leads to the flow."""
    scope = scope_here(slug)
    my_extension(plugin)
    on = bool(request.values.get("on"))
    matrix = url_for("extensions.matrix", _anchor=f"row-{plugin}")
    try:
        if on:
            words = _on_in_words(enable_plugin(db(), scope, plugin, me()), scope)
        else:
            words = _off_in_words(disable_plugin(db(), scope, plugin, me()), scope)
    except Invalid as refusal:
        refused(refusal)
        flash(str(refusal), "error")
        return _leading(url_for("extensions.switch", plugin=plugin, slug=slug, back=url_for("extensions.matrix")))
    if not is_fragment():
        return redirect_after(matrix, words)
    answer = matrix_page()
    undo = {"label": _("Undo"), "url": url_for("switching.flip", plugin=plugin, slug=slug, on=None if on else 1)}
    answer.headers["HX-Trigger"] = json.dumps({"plugdesk:toast": {"text": words, "action": undo, "seconds": 10}})
    return answer


def _test(plugin: str, scope: Form | Desk) -> Sequence[str]:
    """The sentences of the extension's own test, asked with the unsaved settings."""
    executor = runtime().executor
    found = entered_settings(db(), plugin, scope)
    if found is None or runtime().registry.implementation("check_settings", plugin) is None:
        raise NotFound(_("There is nothing to test here."))
    settings = unsaved_settings(db(), *found)
    if not executor.allows(plugin, scope):
        raise Invalid(_("It is suspended here. Press “Try now” first."))
    said = executor.ask(plugin, "check_settings", scope, db(), settings=settings)
    if said is None:
        raise Invalid(_("The test itself failed. Its error stands under Health on the extension's page."))
    return [str(each) for each in said] or [_("It works.")]


def _again(plugin: str, slug: str | None, refusal: PlugdeskError) -> Response:
    """The flow with what was typed and the reason; after a conflict beside what is stored now."""
    told = refused(refusal)
    forget_settings(db())
    told = told.beside(differences(db(), plugin, scope_here(slug))) if told.is_conflict else told
    return flow_page(plugin, slug, given=request.form, refused=told)


def _done(plugin: str, words: str) -> Response:
    flash(words)
    return _leading(back_to(url_for("extensions.show", plugin=plugin)))


def _leading(target: str) -> Response:
    """On to `target`; from a sheet by htmx's own header, which leaves the page instead of filling the sheet."""
    if not is_fragment():
        return redirect_after(target)
    answer = make_response("", 200)
    answer.headers["HX-Redirect"] = target
    return answer


def _on_in_words(switched: Sequence[str], scope: Form | Desk) -> str:
    names = format_list([name_of(db(), each) for each in switched])
    return _("%(names)s: on for %(where)s.", names=names, where=place_name(scope)) if names else _("It is on already.")


def _off_in_words(switched: Sequence[str], scope: Form | Desk) -> str:
    names = format_list([name_of(db(), each) for each in switched])
    if not names:
        return _("It is off already.")
    return _("%(names)s: off for %(where)s. Data and settings are kept.", names=names, where=place_name(scope))
