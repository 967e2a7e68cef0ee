"""What a vendor hands over, update by update: stored as it came before it is acknowledged, and read in the order of its chat.

An update is known by the vendor's own number of it, so one that is sent again changes nothing. One job a chat reads what
waits there, so that order is kept however many workers there are. An update that cannot be read holds its chat up for a
few tries; then it is put aside, with the reason, and the next ones go on. One that has overtaken the message it speaks of is kept
for that one, and holds up nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache, partial
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.orm.exc import StaleDataError

from plugdesk.contributions import JobKind
from plugdesk.database import Base, Key, Word
from plugdesk.forms.models import Form
from plugdesk.jobs import Park, RetryLater, delay_after, enqueue, enqueue_each, in_words

if TYPE_CHECKING:
    from plugdesk.contributions import Channel
    from plugdesk.plugins.context import Context

TAKE = "take"
MAX_TRIES = 5
AT_ONCE = 100  # updates read by one run of the job, so that other work gets its turn
LOOK_AHEAD = 20  # updates handed to `take` at most: as many as may belong together
KEPT = timedelta(days=3)  # longer than any vendor repeats an update: Telegram keeps them for 24 hours
KEPT_ASIDE = timedelta(days=90)
EARLY_KEPT = timedelta(hours=1)
"""For how long an update waits for the message it speaks of."""


class TooEarly(Exception):
    """`Channel.take` raises it for a first update that speaks of a message that has not come: it waits for that one, and others go on.

    When the message is filed the plugin asks for it by `early_updates`. After `EARLY_KEPT` the update is handed over once more.
    """


class UpdateState(StrEnum):
    """Waiting is to be read, taken is done with, aside could not be read and waits for a person, early waits for its message."""

    WAITING = "waiting"
    TAKEN = "taken"
    ASIDE = "aside"
    EARLY = "early"


_WAITING = sa.text("state = 'waiting'")


class Update(Base):
    """One update of a vendor, as it came.

    `account` is the number of the plugin's own row it came to (a bot, a community), `chat` names the conversation whose
    order is kept, `external_id` is the vendor's own number of the update.
    """

    __tablename__ = "channel_update"
    __table_args__ = (
        sa.UniqueConstraint("channel", "account", "external_id"),
        sa.Index(
            "ix_channel_update_waiting", "channel", "account", "chat", "id", sqlite_where=_WAITING, postgresql_where=_WAITING
        ),
        sa.Index("ix_channel_update_old", "state", "at"),
    )

    id: Mapped[Key]
    channel: Mapped[str]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id"), index=True)
    account: Mapped[int]
    external_id: Mapped[str]
    chat: Mapped[str]
    raw: Mapped[str]
    at: Mapped[datetime]
    state: Mapped[UpdateState] = mapped_column(Word(UpdateState), default=UpdateState.WAITING)
    tries: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str | None]


def keep_update(ctx: Context, channel: str, *, account: int, external_id: str, chat: str, raw: str) -> bool:
    """Store an update and the job that will read it; False, and nothing changed, when it is known already.

    The caller commits, and only then tells the vendor that we have it.
    """
    assert ctx.form is not None, "A channel's accounts belong to forms."
    given = {"channel": channel, "form_id": ctx.form.id, "account": account, "external_id": external_id, "chat": chat, "raw": raw}
    insert = _insert(ctx.db.get_bind().dialect.name)
    if ctx.db.execute(insert, {**given, "at": ctx.now, "state": UpdateState.WAITING, "tries": 0}).first() is None:
        return False
    ctx.enqueue(TAKE, key=_key(account, chat), account=account, chat=chat)
    return True


def keep_updates(ctx: Context, channel: str, *, account: int, updates: Sequence[tuple[str, str, str]]) -> None:
    """`keep_update` for several at once, each a triple of external id, chat and raw text, oldest first."""
    assert ctx.form is not None, "A channel's accounts belong to forms."
    shared = {
        "channel": channel,
        "form_id": ctx.form.id,
        "account": account,
        "at": ctx.now,
        "state": UpdateState.WAITING,
        "tries": 0,
    }
    rows = {external_id: {**shared, "external_id": external_id, "chat": chat, "raw": raw} for external_id, chat, raw in updates}
    new = ctx.db.connection().execute(_insert(ctx.db.get_bind().dialect.name, "chat"), list(rows.values())).scalars()
    jobs = {_key(account, chat): {"account": account, "chat": chat} for chat in new}
    if jobs:
        enqueue_each(ctx._session, f"{ctx.plugin}:{TAKE}", jobs, form=ctx.form)


def take_jobs(channels: Sequence[Channel]) -> list[JobKind]:
    """The job that reads updates, for a plugin with channels that take them. Not more than one such channel a plugin."""
    taking = [channel for channel in channels if channel.take is not None]
    if len(taking) > 1:
        raise ValueError("A plugin has at most one channel that takes updates.")
    return [JobKind(TAKE, partial(_take_waiting, channel)) for channel in taking]


def updates_aside(session: Session, channel: str, form_id: int, *, limit: int = 50) -> Sequence[Update]:
    """The updates of a form that could not be read, newest first."""
    aside = sa.select(Update).where(Update.channel == channel, Update.form_id == form_id, Update.state == UpdateState.ASIDE)
    return session.scalars(aside.order_by(Update.id.desc()).limit(limit)).all()


def read_again(ctx: Context, update: Update) -> None:
    """Give an update that was put aside all its tries once more."""
    update.state, update.tries, update.problem = UpdateState.WAITING, 0, None
    ctx.enqueue(TAKE, key=_key(update.account, update.chat), account=update.account, chat=update.chat)


def early_updates(ctx: Context, channel: str, *, account: int, chat: str) -> Sequence[Update]:
    """The updates of a chat that wait for the message they speak of, as they came. Of those that are read by now set the state."""
    here = (Update.channel == channel, Update.account == account, Update.chat == chat, Update.state == UpdateState.EARLY)
    return ctx.db.scalars(sa.select(Update).where(*here).order_by(sa.func.length(Update.external_id), Update.external_id)).all()


def read_what_waited(session: Session, now: datetime) -> None:
    """Have those read that waited long enough for their message. Recurring work."""
    from plugdesk.runtime import runtime_of

    registry = runtime_of(session).registry
    late = sa.select(Update).where(Update.state == UpdateState.EARLY, Update.at <= now - EARLY_KEPT).limit(AT_ONCE)
    for update in session.scalars(late).all():
        update.state = UpdateState.WAITING
        kind, form = f"{registry.owner('channels', update.channel)}:{TAKE}", session.get_one(Form, update.form_id)
        enqueue(
            session, kind, form=form, key=_key(update.account, update.chat), account=update.account, chat=update.chat
        )  # fmt: skip


def forget_old_updates(session: Session, now: datetime) -> None:
    """Drop what was read days ago, and what was put aside months ago."""
    for state, kept in ((UpdateState.TAKEN, KEPT), (UpdateState.ASIDE, KEPT_ASIDE)):
        session.execute(sa.delete(Update).where(Update.state == state, Update.at < now - kept))


def _take_waiting(channel: Channel, ctx: Context, account: int, chat: str) -> None:
    """Job: read what waits in one chat, oldest first."""
    assert channel.take is not None
    for _number in range(AT_ONCE):
        waiting = ctx.db.scalars(_waiting(channel, account, chat).limit(LOOK_AHEAD)).all()
        if not waiting:
            return
        try:
            taken = channel.take(ctx, waiting)
        except TooEarly:
            _keep_for_later(ctx, waiting[0].id)
            continue
        except (RetryLater, Park, StaleDataError, sa.exc.OperationalError):
            raise  # it knows when to try again, or somebody else was faster: no fault of the update
        except Exception as error:
            _put_aside(ctx, waiting[0].id, error)
            continue
        for update in waiting[:taken]:
            update.state, update.problem = UpdateState.TAKEN, None
        ctx.checkpoint()
    enqueue(ctx._session, f"{ctx.plugin}:{TAKE}", form=ctx.form, key=_key(account, chat), account=account, chat=chat)


def _keep_for_later(ctx: Context, update_id: int) -> None:
    ctx._session.rollback()
    ctx._session.get_one(Update, update_id).state = UpdateState.EARLY
    ctx.checkpoint()


def _put_aside(ctx: Context, update_id: int, error: Exception) -> None:
    """What was changed for the update is undone. It is tried again, each time later; after its last try it is put aside."""
    session = ctx._session
    session.rollback()
    update = session.get_one(Update, update_id)
    ctx.log.warning("Update %s of %s could not be read", update.external_id, update.channel, exc_info=error)
    update.tries += 1
    update.problem = in_words(error)
    is_last = update.tries >= MAX_TRIES
    if is_last:
        update.state = UpdateState.ASIDE
        ctx.journal("update_put_aside", update_id=update.id, reason=update.problem)
    delay, why = delay_after(update.tries).total_seconds(), update.problem
    ctx.checkpoint()
    if not is_last:
        raise RetryLater(delay, why)


def _waiting(channel: Channel, account: int, chat: str) -> sa.Select[Update]:
    here = (Update.channel == channel.name, Update.account == account, Update.chat == chat)
    # Numbers as texts: of two the shorter one is the smaller.
    order = [sa.func.length(Update.external_id), Update.external_id] if channel.numbered else []
    return sa.select(Update).where(*here, _WAITING).order_by(*order, Update.id)


def _key(account: int, chat: str) -> str:
    return f"{account}/{chat}"


@cache
def _insert(dialect: str, returned: str = "id") -> Any:
    # Built once: at hundreds of updates a second building the statement costs more than running it.
    table = cast("sa.Table", Update.__table__)  # past the ORM, which costs more than the statement
    insert = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    return insert.on_conflict_do_nothing(index_elements=["channel", "account", "external_id"]).returning(table.c[returned])
