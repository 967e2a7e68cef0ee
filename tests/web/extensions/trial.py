"""Extensions to try the catalog on: one with a setting of every kind, one it needs, one it quarrels with, some that are broken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from flask import Blueprint

from plugdesk.contributions import Change, Channel, Variables
from plugdesk.errors import Invalid
from plugdesk.hooks import hookimpl
from plugdesk.plugins.loader import Plugin, State
from plugdesk.plugins.manifest import Manifest
from plugdesk.plugins.settings import option
from plugdesk.vault import Secret
from plugdesk_web.contributions import NavItem, Pages, Panel


@dataclass(frozen=True)
class ChatSettings:
    VERSION = 1

    token: Secret = option(label="Bot token", help="From the father of bots.")
    mode: str = option("ask", label="How messages arrive", choices=[("ask", "We ask"), ("call", "They call us")])
    away: str = option(
        "Thank you, ${customer:name|friend}. ${chat:sign}", label="Out of hours", lines=2, variables=True, most=200
    )
    days: int = option(7, label="Reopens for days", least=0, most=30)
    pause: float = option(1.5, label="Pause in seconds", least=0.5)
    receipt: bool = option(True, label="Receipt in the chat")
    words: list[str] = option(list, label="Stop words")
    links: list[dict[str, str]] = option(list, label="Buttons", rows={"title": "Title", "url": "Address"}, most=3)


SETTINGS = f"{__name__}:ChatSettings"


def trial(name: str, *functions: Callable[..., Any], title: str = "", **manifest: Any) -> Plugin:
    """A loaded extension whose hook implementations are these functions, each called like its hook."""
    module = ModuleType(f"plugdesk_{name}")
    for function in functions:
        setattr(module, function.__name__, hookimpl(function))
    about: dict[str, Any] = {
        "summary": f"What {name} does.",
        "category": "other",
        "scope": "form",
        "api": ">=1.0,<2",
        "folder": Path("/nowhere"),
    } | manifest
    return Plugin(name, State.OK, manifest=Manifest(id=name, name=title or name.capitalize(), **about), modules=[module])


def broken(name: str, state: State, reason: str, trace: str = "") -> Plugin:
    """An extension that did not load."""
    plugin = trial(name)
    plugin.fail(state, reason, trace)
    return plugin


def chat_plugins() -> list[Plugin]:
    """*Chat* with everything an extension can bring, and its neighbours. A new set: states and hooks are each test's own."""
    blueprint = Blueprint("rooms", __name__)

    @blueprint.get("/")
    def index(slug: str) -> str:
        return f"Rooms of {slug}"

    def pages() -> Sequence[Any]:
        return [
            Pages(blueprint, "form"), NavItem("Rooms", "message", "chat_rooms.index", place="form"),
            NavItem("Nowhere", "message", "chat_rooms.misspelt", place="form"), Panel("chat", "Chat", lambda ctx, ticket, viewer: None),
        ]  # fmt: skip

    def channels() -> Sequence[Channel]:
        return [Channel("chat", "Chat", "message", lambda ctx, message: None, lambda ctx, customer: False)]

    def variables() -> Sequence[Variables]:
        return [Variables("chat", {"link": "The link to the bot"}, lambda ctx, ticket, **about: {})]

    def check_settings(ctx, settings) -> Sequence[str]:
        if settings.token.reveal() == "wrong":
            raise Invalid("The bot is unknown. Copy its token again.")
        if settings.token.reveal() == "crash":
            raise ConnectionError("connection refused")
        return [f"@bot{len(settings.token.reveal())} answers", f"It says: {settings.away}"]

    def what_will_change(ctx, form, switching_on) -> Sequence[Change]:
        return [Change(f"Messages to the bot become tickets of {form.name}", "green")] if switching_on else []

    return [
        trial("base", title="Base", category="knowledge"),
        trial("chat", pages, channels, variables, check_settings, what_will_change, category="channels", settings=SETTINGS, icon="telegram",
              permissions=("messages:send", "net:chat.example")),
        trial("helper", title="Helper", requires=("base",), category="feedback"),
        trial("rival", title="Rival", conflicts=("helper",), category="feedback"),
        trial("wide", title="Wide", scope="app", category="automation"),
        trial("several", title="Several", scope="both", category="automation"),
        broken("old", State.INCOMPATIBLE, "It needs plugin API >=2.0, this desk has 1.0."),
        broken("crashed", State.FAILED, "It fails when it is imported. ImportError: no module lxml", "Traceback: the whole story"),
    ]  # fmt: skip
