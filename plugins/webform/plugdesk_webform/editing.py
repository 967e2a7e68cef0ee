"""A request form as its page edits it: stored or just typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from plugdesk.api import LANGUAGES, Context, Form
from plugdesk.api import gettext as _
from plugdesk_web.api import LOOK_LABELS, chosen_words, yes_or_no
from plugdesk_webform.asking import PARTS, choosable, form_of
from plugdesk_webform.commands import RequestFormInput, usual_fields
from plugdesk_webform.models import RequestForm
from plugdesk_webform.queries import consent_now

TEXTS = ("title", "intro", "language", "consent", "thanks", "leads_to", "sites")
BOXES = ("anonymous", "is_on", "receipt")


@dataclass(frozen=True)
class FieldRow:
    """A line of what can be asked for. `required`: the form itself requires it whenever it is shown."""

    code: str
    label: str
    asked: bool
    must: bool
    required: bool = False


@dataclass(frozen=True)
class Typed:
    """What stands in the page's controls."""

    texts: Mapping[str, str]
    boxes: Mapping[str, bool]
    look: Mapping[str, Any]
    rows: Sequence[FieldRow] = field(default=())


def stored(ctx: Context, row: RequestForm | None) -> Typed:
    """The page of a request form as it is, or of a new one."""
    form = form_of(ctx)
    if row is None:
        return Typed({"title": form.name}, {"is_on": True, "receipt": True}, {}, _rows(form, usual_fields(form)))
    consent = consent_now(ctx, row)
    texts = {name: getattr(row, name) for name in ("title", "intro", "language", "thanks", "leads_to")}
    texts |= {"consent": consent.text if consent else "", "sites": "\n".join(row.sites)}
    return Typed(texts, {name: getattr(row, name) for name in BOXES}, row.look, _rows(form, row.fields))


def typed(ctx: Context, given: MultiDict[str, str]) -> Typed:
    """What was typed, a line moved where a button of it was pressed."""
    codes = list(dict.fromkeys(given.getlist("fields-row")))
    way, _colon, moved = given.get("fields-do", "").partition(":")
    if moved in codes and way in ("up", "down"):
        at = codes.index(moved)
        codes.insert(max(0, at + (-1 if way == "up" else 1)), codes.pop(at))
    chosen = [{"code": code, "must": bool(given.get(f"must-{code}"))} for code in codes if given.get(f"ask-{code}")]
    look = {"plain": bool(given.get("plain")), **{name: given.get(name, "") for name in LOOK_LABELS}}
    return Typed(
        {name: given.get(name, "") for name in TEXTS}, {name: bool(given.get(name)) for name in BOXES}, look,
        _rows(form_of(ctx), chosen, order=codes),
    )  # fmt: skip


def input_of(given: Typed) -> RequestFormInput:
    """What was typed, as the command takes it."""
    chosen = [{"code": row.code, "must": row.must} for row in given.rows if row.asked]
    texts, boxes = given.texts, given.boxes
    return RequestFormInput(
        title=texts["title"], intro=texts["intro"], fields=chosen, language=texts["language"], anonymous=boxes["anonymous"],
        is_on=boxes["is_on"], receipt=boxes["receipt"], consent=texts["consent"], thanks=texts["thanks"], leads_to=texts["leads_to"],
        look=given.look, sites=texts["sites"],
    )  # fmt: skip


def in_words(given: Typed) -> dict[str, Any]:
    """Each control's label with what stands in it, to be compared with another state of the request form."""
    texts, boxes = given.texts, given.boxes
    return {
        _("Title"): texts["title"], _("Text above the questions"): texts.get("intro"),
        _("It asks for"): "\n".join(_asked(row) for row in given.rows if row.asked),
        _("Language"): chosen_words(LANGUAGES.items(), texts.get("language")) or _("The visitor's"),
        _("Anonymous: no name, no address, nothing of the connection is kept"): yes_or_no(boxes.get("anonymous")),
        _("A letter tells whoever left an address that it came in"): yes_or_no(boxes.get("receipt")),
        _("Text to agree to"): texts.get("consent"), _("Thanks, after it is sent"): texts.get("thanks"),
        _("Or lead on to a page of your site"): texts.get("leads_to"),
        _("Nothing of ours: the browser's own look"): yes_or_no(given.look.get("plain")),
        **{str(label): given.look.get(name) for name, label in LOOK_LABELS.items()}, _("Sites"): texts.get("sites"),
        _("The request form is on"): yes_or_no(boxes.get("is_on")),
    }  # fmt: skip


def _asked(row: FieldRow) -> str:
    return _("%(field)s, must be given", field=row.label) if row.must and not row.required else row.label


def _rows(form: Form, chosen: Sequence[Mapping[str, Any]], *, order: Sequence[str] = ()) -> list[FieldRow]:
    """Every part and field there is: those chosen in their order, then the others."""
    fields = {each.code: each for each in choosable(form)}
    known = [*PARTS, *fields]
    must = {str(each["code"]): bool(each.get("must")) for each in chosen}
    codes = [*(order or must), *(code for code in known if code not in (order or must))]
    rows = []
    for code in codes:
        if code in PARTS:
            rows.append(FieldRow(code, str(PARTS[code][0]), code in must, must.get(code, False)))
        elif code in fields:
            each = fields[code]
            rows.append(FieldRow(code, each.label, code in must, must.get(code, False), bool(each.required)))
    return rows
