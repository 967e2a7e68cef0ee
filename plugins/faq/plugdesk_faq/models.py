"""Answers and their folders; those that are published, their categories, and what they said before."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from plugdesk.api import Base, Json, Key, Word


class Folder(Base):
    """A folder of answers, one level deep; a shared one without `owner_id`, else that agent's own."""

    __tablename__ = "faq_folder"

    id: Mapped[Key]
    name: Mapped[str]
    owner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(default=0)


class Answer(Base):
    """An answer: a canned response, and with a row in `faq_article` an article, too.

    `body` is cleaned HTML with variables in it, `text` what a reader sees of it and `stems` the stems of name, title and text,
    for search. `owner_id` is the agent whose own it is, None of a shared one. `language` is a code, or empty: any. Translations
    name the answer they are made of as `original_id`. It is offered on every form where the extension is on, or
    (`everywhere` is false) on the `forms` it is linked to: then deleting a form's data leaves it nowhere, not everywhere.
    """

    __tablename__ = "faq_answer"
    __table_args__ = (
        sa.Index("ix_faq_answer_place", "folder_id", "position", "id"),
        sa.Index("ix_faq_answer_original_id", "original_id", "language"),
    )

    id: Mapped[Key]
    name: Mapped[str]
    folder_id: Mapped[int | None] = mapped_column(sa.ForeignKey("faq_folder.id", ondelete="SET NULL"))
    position: Mapped[int] = mapped_column(default=0)
    owner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    everywhere: Mapped[bool] = mapped_column(default=True)
    language: Mapped[str] = mapped_column(sa.String(10), default="")
    original_id: Mapped[int | None] = mapped_column(sa.ForeignKey("faq_answer.id", ondelete="SET NULL"))
    body: Mapped[str]
    text: Mapped[str]
    stems: Mapped[str]
    times_used: Mapped[int] = mapped_column(default=0)
    last_used_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"))
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"))
    revision: Mapped[int] = mapped_column(default=1)

    folder: Mapped[Folder | None] = relationship()
    links: Mapped[list[AnswerForm]] = relationship(cascade="all, delete-orphan", passive_deletes=True)
    pictures: Mapped[list[Picture]] = relationship(cascade="all, delete-orphan", passive_deletes=True, order_by="Picture.id")
    article: Mapped[Article | None] = relationship(back_populates="answer", cascade="all, delete-orphan", passive_deletes=True)

    @property
    def form_ids(self) -> set[int]:
        """The forms it is linked to; says nothing where it is for all of them."""
        return {each.form_id for each in self.links}

    @property
    def is_shared(self) -> bool:
        return self.owner_id is None


class AnswerForm(Base):
    """An answer that is not for all forms, and one of the forms it is for."""

    __tablename__ = "faq_answer_form"

    answer_id: Mapped[int] = mapped_column(
        sa.ForeignKey("faq_answer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    form_id: Mapped[int] = mapped_column(
        sa.ForeignKey("form.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True
    )


class Picture(Base):
    """A picture an answer shows, or showed in an earlier version: shown at `/help/pictures/KEY`, the bytes counted as one use."""

    __tablename__ = "faq_picture"

    id: Mapped[Key]
    answer_id: Mapped[int] = mapped_column(sa.ForeignKey("faq_answer.id", ondelete="CASCADE"), index=True)
    key: Mapped[str] = mapped_column(sa.String(40), unique=True)
    sha256: Mapped[str] = mapped_column(sa.ForeignKey("content.sha256"))
    name: Mapped[str]
    type: Mapped[str]
    at: Mapped[datetime]


class State(StrEnum):
    """How far an article is. Only published ones are seen outside."""

    DRAFT = "draft"
    REVIEW = "review"
    PUBLISHED = "published"


class Visibility(StrEnum):
    """Who may read a published article."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    AGENTS = "agents"


class Category(Base):
    """A category of articles. `names` maps a language to the name; `name` is the one to fall back on."""

    __tablename__ = "faq_category"

    id: Mapped[Key]
    slug: Mapped[str] = mapped_column(sa.String(60), unique=True)
    name: Mapped[str]
    names: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    position: Mapped[int] = mapped_column(default=0)
    revision: Mapped[int] = mapped_column(default=1)

    def name_in(self, language: str) -> str:
        """The name in `language`, else the one there is."""
        return str(self.names.get(language) or self.name)


class Article(Base):
    """What publishing adds to an answer: its title, address, category, state, and who may read it.

    `is_page` says that it stands by itself, a page of information outside of all categories. `published_at` is when it was
    published first; None: never.
    """

    __tablename__ = "faq_article"
    __table_args__ = (sa.Index("ix_faq_article_category_id", "category_id", "position", "answer_id"),)

    answer_id: Mapped[int] = mapped_column(
        sa.ForeignKey("faq_answer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    category_id: Mapped[int | None] = mapped_column(sa.ForeignKey("faq_category.id", ondelete="SET NULL"))
    slug: Mapped[str] = mapped_column(sa.String(60), unique=True)
    title: Mapped[str]
    state: Mapped[State] = mapped_column(Word(State))
    visibility: Mapped[Visibility] = mapped_column(Word(Visibility))
    is_page: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    published_at: Mapped[datetime | None]

    answer: Mapped[Answer] = relationship(back_populates="article")
    category: Mapped[Category | None] = relationship()


class Version(Base):
    """What an answer said from `at` on: number 1 is the first; the last is what it says now."""

    __tablename__ = "faq_version"
    __table_args__ = (sa.UniqueConstraint("answer_id", "number"),)

    id: Mapped[Key]
    answer_id: Mapped[int] = mapped_column(sa.ForeignKey("faq_answer.id", ondelete="CASCADE"))
    number: Mapped[int]
    name: Mapped[str]
    title: Mapped[str] = mapped_column(default="")
    body: Mapped[str]
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"))
    at: Mapped[datetime]
