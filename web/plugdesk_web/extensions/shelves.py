"""The catalog's cards, narrowed by words, state and publisher, on the shelves of their categories."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from plugdesk.i18n import format_datetime, format_time, lazy_gettext, ngettext
from plugdesk.i18n import gettext as _
from plugdesk.plugins.catalog import Card, Place, PlaceState
from plugdesk.plugins.loader import State
from plugdesk.plugins.manifest import CATEGORIES
from plugdesk_web.current import runtime
from plugdesk_web.static import FOLDER

SHELVES = {
    "channels": (lazy_gettext("Channels"), lazy_gettext("Where customers write")),
    "feedback": (lazy_gettext("Feedback"), lazy_gettext("What customers think")),
    "knowledge": (lazy_gettext("Knowledge"), lazy_gettext("Answers written once")),
    "automation": (lazy_gettext("Automation"), lazy_gettext("Work that does itself")),
    "contracts": (lazy_gettext("Contracts"), lazy_gettext("Who is promised what")),
    "collaboration": (lazy_gettext("Collaboration"), lazy_gettext("Working together")),
    "integrations": (lazy_gettext("Integrations"), lazy_gettext("Other programs")),
    "other": (lazy_gettext("Other"), ""),
}
STATES = {"all": lazy_gettext("All"), "on": lazy_gettext("On"), "attention": lazy_gettext("Needs attention")}
WRONG = {
    State.INVALID: lazy_gettext("Invalid"),
    State.INCOMPATIBLE: lazy_gettext("Incompatible"),
    State.BLOCKED: lazy_gettext("Blocked"),
    State.FAILED: lazy_gettext("Failed to load"),
    State.MISSING: lazy_gettext("Missing"),
}
TONES = {State.FAILED: "red", State.INVALID: "red", State.MISSING: "amber", State.BLOCKED: "amber"}


@dataclass(frozen=True)
class Shelf:
    """The cards of one category."""

    category: str
    title: str
    note: str
    cards: Sequence[Card]


@dataclass(frozen=True)
class Narrowed:
    """What the catalog is narrowed to: words, a state of STATES, a publisher; empty means any."""

    words: str = ""
    state: str = "all"
    publisher: str = ""

    def takes(self, card: Card) -> bool:
        return self.takes_beside_state(card) and (
            self.state == "all"
            or (self.state == "on" and card.on_in > 0)
            or (self.state == "attention" and needs_attention(card))
        )

    def takes_beside_state(self, card: Card) -> bool:
        text = f"{card.name} {card.summary} {card.publisher} {card.id}".casefold()
        return self.publisher in ("", card.publisher) and all(word in text for word in self.words.casefold().split())


@dataclass(frozen=True)
class Catalog:
    """The catalog as a page shows it."""

    narrowed: Narrowed
    shelves: Sequence[Shelf]
    counts: Mapping[str, int]
    publishers: Sequence[str]
    suspended: Sequence[tuple[Card, Place]]
    total: int


def catalog_of(cards: Sequence[Card], narrowed: Narrowed) -> Catalog:
    """The shelves of the `cards` that are left, and how many would be left in each state."""
    beside = [card for card in cards if narrowed.takes_beside_state(card)]
    counts = {state: sum(Narrowed(state=state).takes(card) for card in beside) for state in STATES}
    left = [card for card in beside if narrowed.takes(card)]
    return Catalog(
        narrowed, shelves_of(left), counts, sorted({card.publisher for card in cards if card.publisher}),
        [(card, place) for card in cards for place in card.places if place.state is PlaceState.SUSPENDED], len(cards),
    )  # fmt: skip


def shelves_of(cards: Sequence[Card]) -> list[Shelf]:
    """The `cards` by category, in the catalog's order."""
    by = {category: [card for card in cards if card.category == category] for category in CATEGORIES}
    return [
        Shelf(category, str(SHELVES[category][0]), str(SHELVES[category][1]), found) for category, found in by.items() if found
    ]


def needs_attention(card: Card) -> bool:
    """Whether an admin has something to do: it did not load, is suspended, or lacks settings where others have them."""
    states = {place.state for place in card.places}
    lacks = PlaceState.NEEDS_SETTINGS in states and card.on_in > 0
    return card.state is not State.OK or lacks or bool(states & {PlaceState.SUSPENDED, PlaceState.UNAVAILABLE})


def where_on(card: Card) -> str:
    """ "On in 3 of 5 forms", in words."""
    forms = [place for place in card.places if place.form is not None]
    if any(place.form is None and place.is_on for place in card.places):
        return _("On for the whole desk")
    if not card.on_in:
        return _("Off everywhere") if forms else _("Off")
    return ngettext("On in %(on)s of %(num)s form", "On in %(on)s of %(num)s forms", len(forms), on=card.on_in)


def sockets(card: Card) -> list[str]:
    """One socket a place, for the strip: on, hurt, or empty."""
    hurt = (PlaceState.SUSPENDED, PlaceState.UNAVAILABLE)
    return ["hurt" if place.state in hurt else "on" if place.is_on else "" for place in card.places]


def wrong(card: Card) -> tuple[str, str] | None:
    """What keeps an extension from being loaded, as a word and its tone; None when nothing does."""
    return None if card.state is State.OK else (str(WRONG[card.state]), TONES.get(card.state, ""))


def at_time(moment: datetime) -> str:
    """The time of day, with the day when it is another one."""
    away = abs(runtime().clock.now() - moment)
    return format_time(moment) if away < timedelta(hours=20) else format_datetime(moment)


def icon_of(card: Card) -> tuple[str, str | None]:
    """The card's icon: a name in our sprite, or a file of the plugin's own static folder."""
    if card.icon in sprite_names():
        return str(card.icon), None
    if card.icon and card.icon.startswith("static/") and runtime().registry.is_loaded(card.id):
        return "", card.icon.removeprefix("static/")
    return "plug", None


@cache
def sprite_names() -> frozenset[str]:
    """The icons there are."""
    return frozenset(re.findall(r'<symbol id="([\w-]+)"', (FOLDER / "icons" / "icons.svg").read_text("utf-8")))


def install_command(package: str) -> str:
    """The command that installs a package into this desk's own Python."""
    if importlib.util.find_spec("pip") is None:
        return f"uv pip install --python {sys.executable} {package}"
    return f"{sys.executable} -m pip install {package}"
