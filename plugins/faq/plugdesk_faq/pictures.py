"""Pictures in answers: uploads that a text names become the answer's own, and stay while one of its versions may name them."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from html import escape, unescape

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.api import Context, NotFound, User, shown_inline, uploads_of
from plugdesk.api import gettext as _
from plugdesk_faq.models import Answer, Picture
from plugdesk_faq.queries import answer_for

UPLOADS, PICTURES, MOST_PICTURES = "/files/", "/help/pictures/", 50
_ADDRESS = re.compile(rf"(?:{UPLOADS}|{PICTURES})[\w-]{{1,100}}")
_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_OURS = re.compile(rf'<img\b[^>]*\bsrc="{PICTURES}([\w-]+)"[^>]*>')
_ALT = re.compile(r'\balt="([^"]*)"')


@dataclass(frozen=True)
class Named:
    """The pictures a text names: those that are new to the answer, and under which address each of ours is shown."""

    new: list[Picture]
    addresses: dict[str, str]


def pictures_named(ctx: Context, html: str, answer: Answer | None, *, by: User) -> tuple[Named, str]:
    """The pictures of ours in `html`, and a sentence where one cannot be had. Nothing is stored yet.

    They are uploads of `by`, the answer's own, and those of other answers `by` may read, of which this one gets its own.
    """
    own = {each.key for each in answer.pictures} if answer else set()
    new, addresses = list[Picture](), dict[str, str]()
    for address in dict.fromkeys(found[0] for image in _IMAGE.findall(html) if (found := _ADDRESS.search(image))):
        folder, _slash, key = address.rpartition("/")
        if f"{folder}/" == PICTURES and key in own:
            addresses[address] = address
            continue
        try:
            picture = _upload(ctx, key, by) if f"{folder}/" == UPLOADS else _of_another(ctx, key, by)
        except NotFound:
            return Named([], {}), _("One of the pictures is no longer there. Take it out and put it in again from a file.")
        if not shown_inline(picture.type):
            return Named([], {}), _(
                "%(name)s is no picture that every browser shows. Use PNG, JPEG, GIF or WebP.", name=picture.name
            )
        new.append(picture)
        addresses[address] = PICTURES + picture.key
    if len(addresses) > MOST_PICTURES:
        return Named([], {}), _("There can be %(most)s pictures. Take some out.", most=MOST_PICTURES)
    return Named(new, addresses), ""


def keep_pictures(ctx: Context, answer: Answer, new: list[Picture]) -> None:
    """The answer's own from now on."""
    for picture in new:
        ctx.keep_bytes(ctx.read_bytes(picture.sha256))
        answer.pictures.append(picture)


def release_pictures(ctx: Context, answer: Answer) -> None:
    """The answer goes with all its versions; the desk sweeps up bytes that nothing else uses."""
    for picture in answer.pictures:
        ctx.release_bytes(picture.sha256)


def picture_called(session: Session, key: str) -> Picture | None:
    """The picture with this key."""
    return session.scalar(sa.select(Picture).where(Picture.key == key))


def is_shown(answer: Answer, picture: Picture) -> bool:
    """Whether what the answer says now, and not only an earlier version, shows the picture."""
    return f'src="{PICTURES}{picture.key}"' in answer.body


def words_for_pictures(html: str, address: str = "") -> str:
    """The text where pictures of ours cannot be shown: what each shows in words, with a link to it on the site, where that is told."""

    def words(found: re.Match[str]) -> str:
        alt = _ALT.search(found[0])
        said = escape((unescape(alt[1]) if alt else "").strip() or _("Picture"))
        return f'<a href="{escape(f"{address}/pictures/{found[1]}")}">{said}</a>' if address else f"[{said}]"

    return _OURS.sub(words, html)


def same_addresses(html: str) -> dict[str, str]:
    """The pictures of ours that a text names, each where it is: as cleaning it needs them."""
    return {address: address for address in _ADDRESS.findall(html)}


def _upload(ctx: Context, key: str, by: User) -> Picture:
    upload = uploads_of(ctx.db, [key], by)[0]
    return _copy(ctx, upload.sha256, upload.name, upload.type)


def _of_another(ctx: Context, key: str, by: User) -> Picture:
    found = picture_called(ctx.db, key)
    if found is None:
        raise NotFound(_("There is no such picture."))
    answer_for(ctx.db, by, found.answer_id)
    return _copy(ctx, found.sha256, found.name, found.type)


def _copy(ctx: Context, sha256: str, name: str, kind: str) -> Picture:
    return Picture(key=secrets.token_urlsafe(18), sha256=sha256, name=name, type=kind, at=ctx.now)
