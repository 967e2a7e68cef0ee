"""What the public site keeps besides the articles: how fresh it is, addresses of old, and what visitors made of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from plugdesk.api import Base, Json, Key


class Stamp(Base):
    """One row, whose `number` grows with every change of what the site shows: pages kept in a process are good for one number."""

    __tablename__ = "faq_stamp"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(default=1)


class SiteLook(Base):
    """One row: how the site looks. `look` is what `read_look` reads; `links` and `footer` are lines of its header and its foot.

    `base_url` is the site's own address where it has one, like "https://help.shop.example/help", without a slash at the end.
    `logo` is the SHA-256 of a picture, `logo_type` what it is.
    """

    __tablename__ = "faq_look"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(default="")
    header: Mapped[str] = mapped_column(default="")
    footer: Mapped[str] = mapped_column(default="")
    base_url: Mapped[str] = mapped_column(default="")
    look: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    logo: Mapped[str | None]
    logo_type: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class OldSlug(Base):
    """An address an article had before: it leads to where the article is now."""

    __tablename__ = "faq_old_slug"

    slug: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    answer_id: Mapped[int] = mapped_column(sa.ForeignKey("faq_answer.id", ondelete="CASCADE"), index=True)


class Vote(Base):
    """Somebody said whether an article helped, perhaps with a word why. Nothing says who it was."""

    __tablename__ = "faq_vote"
    __table_args__ = (sa.Index("ix_faq_vote_answer_id", "answer_id", "id"),)

    id: Mapped[Key]
    answer_id: Mapped[int] = mapped_column(sa.ForeignKey("faq_answer.id", ondelete="CASCADE"))
    helpful: Mapped[bool]
    comment: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]


class Tally(Base):
    """What an article was good for: `read` so often, `helped` (said so, or a search ended there), `failed` to (said so), `asked`
    after all from its page, and when it was last right."""

    __tablename__ = "faq_tally"

    answer_id: Mapped[int] = mapped_column(
        sa.ForeignKey("faq_answer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    read: Mapped[int] = mapped_column(default=0)
    found: Mapped[int] = mapped_column(default=0)
    helped: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    asked: Mapped[int] = mapped_column(default=0)
    right_at: Mapped[datetime | None]


class Missed(Base):
    """Words that were searched for without finding anything, and how often. Nothing says by whom."""

    __tablename__ = "faq_missed"

    id: Mapped[Key]
    words: Mapped[str] = mapped_column(sa.String(120), unique=True)
    times: Mapped[int] = mapped_column(default=1)
    last_at: Mapped[datetime]
