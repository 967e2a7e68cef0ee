"""Request forms, the texts people agreed to, and what came in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from plugdesk.api import Base, Identity, Json, Key


class RequestForm(Base):
    """One request form at its `position` among a form's; `code` stands in its address and stays.

    `fields` is a list of {code, must}: what it asks for, in order; codes beginning with @ are the request's own parts, see
    `asking.PARTS`. `language` is empty where it speaks the visitor's. `consent` is the number of the text to agree to now, None
    where there is none. `look` holds what `plugdesk_web.api.read_look` reads, `sites` the sites that may embed it, like
    "https://shop.example". `receipt`: a letter says that the request came in.
    """

    __tablename__ = "webform_form"
    __table_args__ = (sa.UniqueConstraint("form_id", "code"), sa.Index("ix_webform_form_form_id", "form_id", "position", "id"))

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"))
    position: Mapped[int]
    code: Mapped[str] = mapped_column(sa.String(60))
    title: Mapped[str]
    intro: Mapped[str] = mapped_column(default="")
    fields: Mapped[list[Any]] = mapped_column(Json, default=list)
    language: Mapped[str] = mapped_column(default="")
    anonymous: Mapped[bool] = mapped_column(default=False)
    is_on: Mapped[bool] = mapped_column(default=True)
    receipt: Mapped[bool] = mapped_column(default=True)
    consent: Mapped[int | None]
    thanks: Mapped[str] = mapped_column(default="")
    leads_to: Mapped[str] = mapped_column(default="")
    look: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    sites: Mapped[list[Any]] = mapped_column(Json, default=list)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class Consent(Base):
    """A text people agreed to, as it was: never changed, and kept when its request form is deleted."""

    __tablename__ = "webform_consent"
    __table_args__ = (sa.UniqueConstraint("request_form_id", "number"),)

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), index=True)
    request_form_id: Mapped[int | None] = mapped_column(sa.ForeignKey("webform_form.id", ondelete="SET NULL"))
    number: Mapped[int]
    text: Mapped[str]
    since: Mapped[datetime]


_NO_TICKET = sa.text("ticket_id IS NULL")


class Submission(Base):
    """A request form that was sent: once for each page shown (`nonce`), and where its ticket came from.

    `site` is the page's site that showed the form in a frame, `page` that page's address as far as it was told. While it waits
    for a letter to be confirmed there is no ticket: `token_hash` is of the link, `typed` what was entered, until `waits_until`.
    `consent_id` is the text that was agreed to. `identity_id` is the address that was typed, on anonymous ones none. `confirmed`: the link in a letter to the address was used. `signed_in`: its sender was, as the ticket's customer.
    """

    __tablename__ = "webform_submission"
    __table_args__ = (
        sa.Index("ix_webform_submission_waiting", "form_id", "waits_until", sqlite_where=_NO_TICKET, postgresql_where=_NO_TICKET),
    )

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"))
    request_form_id: Mapped[int | None] = mapped_column(sa.ForeignKey("webform_form.id", ondelete="SET NULL"), index=True)
    nonce: Mapped[str] = mapped_column(sa.String(40), unique=True)
    ticket_id: Mapped[int | None] = mapped_column(sa.ForeignKey("ticket.id", ondelete="CASCADE"), index=True)
    title: Mapped[str]
    site: Mapped[str] = mapped_column(default="")
    page: Mapped[str] = mapped_column(default="")
    language: Mapped[str]
    sent_at: Mapped[datetime]
    consent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("webform_consent.id", ondelete="SET NULL"))
    identity_id: Mapped[int | None] = mapped_column(sa.ForeignKey("identity.id", ondelete="SET NULL"), index=True)
    confirmed: Mapped[bool] = mapped_column(default=False)
    signed_in: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    token_hash: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    typed: Mapped[dict[str, Any] | None] = mapped_column(Json)
    waits_until: Mapped[datetime | None]

    identity: Mapped[Identity | None] = relationship()


class Nobody(Base):
    """The customer whose all anonymous requests of a form are."""

    __tablename__ = "webform_nobody"

    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
