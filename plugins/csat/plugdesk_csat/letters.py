"""The five faces in a closing notice: in a letter each a link that chooses a face on the page and stores nothing, in a chat buttons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from plugdesk.api import Block, Button, Channel, Context, Ticket, current_language
from plugdesk.api import gettext as _
from plugdesk_csat.commands import invite, last_closing, was_asked
from plugdesk_csat.conditions import asking_of, why_not, withhold
from plugdesk_csat.models import BEST, WORST

# Mail programs know no style sheets of ours: the colours of tokens.css, as hexadecimal numbers they all understand.
COLOURS = {5: "#1f7a43", 4: "#4f9c2f", 3: "#b58a00", 2: "#c96a12", 1: "#c6312b"}
FACES = {5: "😀", 4: "🙂", 3: "😐", 2: "🙁", 1: "😠"}


def names() -> dict[int, str]:
    """What each mark is called."""
    return {5: _("Excellent"), 4: _("Good"), 3: _("So-so"), 2: _("Bad"), 1: _("Very bad")}


def values(ctx: Context, ticket: Ticket, **about: Any) -> Mapping[str, Block]:
    """`${satisfaction:rating}` for a closing notice; nothing in any other text, nor where no page can be reached.

    Nothing either where an action has asked at this closing already, nor where the form says not to ask, which is written down.
    """
    closing = last_closing(ctx, ticket) if about.get("kind") == "closing" else None
    if closing is None or ctx.form is None or was_asked(ctx, ticket, closing):
        return {}
    if (why := why_not(ctx, ticket, closing)) is not None:
        withhold(ctx, ticket, closing, *why)
        return {}
    return faces(ctx, ticket, closing, invitation_words(ctx), about.get("channel"))


def invitation_words(ctx: Context) -> str:
    """What stands above the faces, in the language spoken now: the form's own words for it, else those of the settings."""
    return _own_words(ctx, "invitation") or _(ctx.settings.invitation)


def thanks_words(ctx: Context) -> str:
    """What is said after the mark, in the language spoken now."""
    return _own_words(ctx, "thanks") or _(ctx.settings.thanks)


def _own_words(ctx: Context, name: str) -> str:
    asking = asking_of(ctx)
    return str((asking.texts.get(current_language()) or {}).get(name, "")) if asking else ""


def faces(ctx: Context, ticket: Ticket, closing: int, invitation: str, channel: Channel | None) -> Mapping[str, Block]:
    """The invitation to rate one closing, as `${satisfaction:rating}`; nothing where no page can be reached."""
    assert ctx.form is not None, "The rating is switched on for forms."
    if channel is not None and channel.buttons:
        invite(ctx, ticket, closing)
        return {"rating": _as_buttons(invitation, closing)}
    base = ctx.base_url
    if base is None:
        ctx.log.warning("No public address is set, so nobody can be asked for a rating")
        return {}
    _invitation, token = invite(ctx, ticket, closing)
    links = {mark: f"{base}/p/{ctx.form.slug}/csat/{token}?mark={mark}" for mark in range(BEST, WORST - 1, -1)}
    return {"rating": Block(_as_text(invitation, links), _as_html(invitation, links))}


def _as_buttons(invitation: str, closing: int) -> Block:
    """Five buttons of the messenger's own: a tap there is the customer's, where a link may be opened by a program."""
    faces = tuple(Button(f"{closing}.{mark}", f"{FACES[mark]} {names()[mark]}") for mark in range(BEST, WORST - 1, -1))
    return Block(invitation, Markup("<p>{}</p>").format(invitation), faces)


def _as_text(invitation: str, links: Mapping[int, str]) -> str:
    lines = "\n".join(f"{mark} {names()[mark]}: {link}" for mark, link in links.items())
    return f"{invitation}\n{lines}"


def _as_html(invitation: str, links: Mapping[int, str]) -> Markup:
    faces = Markup(" ").join(
        Markup('<a href="{}" title="{}" style="color:{};font-size:28px;text-decoration:none">{}</a>').format(
            link, names()[mark], COLOURS[mark], FACES[mark]
        )
        for mark, link in links.items()
    )
    return Markup("<p>{}</p><p>{}</p>").format(invitation, faces)
