"""Signed-in sessions as rows: they can be listed and ended. A browser holds a random token, the row its hash.

A session ends when it is unused for `IDLE` (unless its owner asked to stay signed in), and after `LONGEST` in any case.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from plugdesk.database import Base, Key
from plugdesk.errors import NotAllowed
from plugdesk.events import record
from plugdesk.forms.models import Desk
from plugdesk.i18n import gettext as _
from plugdesk.inputs import one_line
from plugdesk.permissions import only_admins
from plugdesk.runtime import runtime_of
from plugdesk.users.models import User

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=30)
NOTED_EVERY = timedelta(minutes=5)  # `last_seen_at` is this exact; writing it with each page would make reading write


class SignedSession(Base):
    """One browser signed in as one user, until it is ended or over."""

    __tablename__ = "signed_session"

    id: Mapped[Key]
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    stays: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    remote_address: Mapped[str | None]
    user_agent: Mapped[str | None]

    user: Mapped[User] = relationship()

    def should_note(self, now: datetime) -> bool:
        """Whether it is time to write down that it is in use (see `note_use`)."""
        return now - self.last_seen_at >= NOTED_EVERY


def sign_in(
    session: Session, user: User, *, remote_address: str | None = None, user_agent: str | None = None, stay: bool = False,
    lives: timedelta = LONGEST, mark: str = "",
) -> str:  # fmt: skip
    """Begin a session of `user`; returns its token for the browser's cookie, always a new one.

    `stay` keeps it until it is over even when unused; it `lives` no longer than that. The token begins with `mark`, by which whoever
    is shown one knows what it is for. Raises `NotAllowed` for a deactivated account.
    """
    if not user.active:
        raise NotAllowed(_("This account is deactivated."))
    now = runtime_of(session).clock.now()
    token = mark + secrets.token_urlsafe(32)
    session.add(
        SignedSession(
            token_hash=_hash(token), user_id=user.id, stays=stay, created_at=now, last_seen_at=now, expires_at=now + lives,
            remote_address=one_line(remote_address) or None, user_agent=one_line(user_agent, most=300) or None,
        )
    )  # fmt: skip
    record(session, "signed_in", actor=user, remote_address=one_line(remote_address))
    return token


def session_of(session: Session, token: str | None) -> tuple[SignedSession, User] | None:
    """The session behind a browser's `token`, and its user; None when it is unknown, ended or over.

    One query, which brings the desk's row along: every page needs it, see `Runtime.desk`.
    """
    if not token:
        return None
    now = runtime_of(session).clock.now()
    found = session.execute(_OF_TOKEN, {"token_hash": _hash(token), "now": now, "idle_since": now - IDLE}).first()
    if found is None:
        return None
    signed, user, session.info["desk_row"] = found
    return signed, user


def session_numbered(session: Session, session_id: int) -> tuple[SignedSession, User] | None:
    """The session with this id, and its user, as long as it lives: for what was said in it, and no cookie brings along."""
    wanted = sa.select(SignedSession, User).join(User, User.id == SignedSession.user_id)
    found = session.execute(
        wanted.where(SignedSession.id == session_id, User.active, *_alive(runtime_of(session).clock.now()))
    ).first()
    return (found[0], found[1]) if found else None


def lapsed_session_of(session: Session, token: str | None) -> User | None:
    """Whose session the token was, where nobody ended it but time: unused for too long, or at its end. Else None.

    It opens nothing any more; what somebody was typing when it ran out may be kept for them. After a sign-out nothing is.
    """
    if not token:
        return None
    now = runtime_of(session).clock.now()
    unused = sa.and_(sa.not_(SignedSession.stays), SignedSession.last_seen_at <= now - IDLE)
    wanted = sa.select(User).join(SignedSession, SignedSession.user_id == User.id)
    return session.scalar(
        wanted.where(
            SignedSession.token_hash == _hash(token),
            SignedSession.ended_at.is_(None),
            sa.or_(SignedSession.expires_at <= now, unused),
            User.active,
        )
    )


def note_use(session: Session, session_id: int) -> None:
    """Write down that the session with this id is in use now: in a transaction of the edge's own, when `should_note` says so."""
    now = runtime_of(session).clock.now()
    session.execute(
        sa.update(SignedSession).where(SignedSession.id == session_id, *_alive(now)).values(last_seen_at=now),
        execution_options={"synchronize_session": False},
    )


def sessions_of(session: Session, user: User) -> Sequence[SignedSession]:
    """Where `user` is signed in, the one used last first."""
    query = sa.select(SignedSession).where(SignedSession.user_id == user.id, *_alive(runtime_of(session).clock.now()))
    return session.scalars(query.order_by(SignedSession.last_seen_at.desc(), SignedSession.id.desc())).all()


def end_session(session: Session, signed: SignedSession, *, by: User) -> None:
    """Sign this browser out: its own user, or an admin, may."""
    _may_end(by, signed.user_id)
    if signed.ended_at is None:
        signed.ended_at = runtime_of(session).clock.now()
        record(session, "signed_out", actor=by, user_id=signed.user_id, session_id=signed.id)


def end_all_sessions(session: Session, user: User, *, by: User | None = None, besides: SignedSession | None = None) -> int:
    """Sign `user` out everywhere, `besides` one browser perhaps; returns how many sessions ended."""
    if by is not None:
        _may_end(by, user.id)
    return _end(session, by, SignedSession.user_id == user.id, besides, user_id=user.id)


def end_everybodys_sessions(session: Session, *, by: User, besides: SignedSession | None = None) -> int:
    """Sign everybody out, the admin's own browser perhaps not; returns how many sessions ended."""
    only_admins(by)
    return _end(session, by, sa.true(), besides, everybody=True)


def forget_old_sessions(session: Session) -> None:
    """Delete the rows of sessions that have been over for `LONGEST`. Recurring work."""
    old = runtime_of(session).clock.now() - LONGEST
    session.execute(
        sa.delete(SignedSession).where(SignedSession.expires_at < old), execution_options={"synchronize_session": False}
    )


def _alive_at(now: Any, idle_since: Any) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        SignedSession.ended_at.is_(None),
        SignedSession.expires_at > now,
        sa.or_(SignedSession.stays, SignedSession.last_seen_at > idle_since),
    )


def _alive(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return _alive_at(now, now - IDLE)


_OF_TOKEN = (  # made once: building and hashing it would take as long as asking
    sa.select(SignedSession, User, Desk)
    .join(User, User.id == SignedSession.user_id)
    .outerjoin(Desk, Desk.id == 0)
    .where(
        SignedSession.token_hash == sa.bindparam("token_hash"),
        User.active,
        *_alive_at(sa.bindparam("now"), sa.bindparam("idle_since")),
    )
)


def _end(session: Session, by: User | None, which: sa.ColumnElement[bool], besides: SignedSession | None, **about: Any) -> int:
    now = runtime_of(session).clock.now()
    session.flush()  # a session begun in this transaction ends, too
    ending = sa.update(SignedSession).where(which, SignedSession.ended_at.is_(None)).values(ended_at=now)
    if besides is not None:
        ending = ending.where(SignedSession.id != besides.id)
    ended = session.execute(ending.returning(SignedSession.id)).all()
    if ended:
        record(session, "sessions_ended", actor=by, sessions=len(ended), **about)
    return len(ended)


def _may_end(by: User, user_id: int) -> None:
    if not (by.active and by.id == user_id):
        only_admins(by)


def _hash(token: str) -> str:
    # Plain SHA-256 is enough: a token of 256 random bits cannot be guessed from its hash.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
