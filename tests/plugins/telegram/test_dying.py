"""A worker that dies between any two steps: nothing goes twice, nothing is lost, and what nobody can know is said."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from plugdesk.plugins.context import Context
from plugdesk.tickets.attachments import NewFile
from plugdesk.tickets.models import DeliveryState
from plugdesk_telegram.botapi import BotApi

TEXT, FILE = "Words. " * 200, NewFile("bill.pdf", b"%PDF-1.4 ...", "application/pdf")
MOST_STEPS = 30


class Killed(BaseException):
    """The process is gone."""


@contextmanager
def dies_at(step: int) -> Iterator[list[str]]:
    """The process ends at that step of those that can be told apart from outside: commits, and requests to Telegram."""
    numbers, passed = itertools.count(1), list[str]()
    checkpoint, call = Context.checkpoint, BotApi.call

    def at(name: str) -> None:
        passed.append(name)
        if next(numbers) == step:
            raise Killed

    def committed(self: Context) -> None:
        at("before a commit")
        checkpoint(self)
        at("after a commit")

    def called(self: BotApi, method: str, **given: object) -> object:
        at(f"before {method}")
        result = call(self, method, **given)
        at(f"after {method}")
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Context, "checkpoint", committed)
        patch.setattr(BotApi, "call", called)
        yield passed


def test_an_answer_in_two_parts_never_goes_twice_whenever_the_worker_dies(shop, ann):
    ann.write(shop.token, "The till beeps")
    shop.work()
    for step in range(1, MOST_STEPS):
        shop.later(minutes=1)
        before = len(shop.seen(ann))
        with dies_at(step) as passed:
            with suppress(Killed):
                shop.reply(f"<p>{step}. {TEXT}</p>", files=[FILE])
        number = _last(shop)
        shop.later(minutes=10)
        sent = [each.file is not None for each in shop.seen(ann)[before:]]
        state = shop.state(number)[0]
        assert state in (DeliveryState.SENT, DeliveryState.MAYBE), (step, passed[-1], state)
        assert sent in ([], [False], [False, True]), (step, passed[-1])  # the text, then the file, each once
        if state is DeliveryState.SENT:
            assert sent == [False, True], (step, passed[-1])
        if len(passed) < step:
            assert step > 8, "it did not come so far"
            return
    pytest.fail("it has more steps than were tried")


def test_what_is_received_comes_once_whenever_the_worker_dies(shop, ann):
    from plugdesk.testing.messenger import picture

    for step in range(1, MOST_STEPS):
        ann.send_photo(shop.token, picture(), f"photo {step}")
        with dies_at(step) as passed:
            with suppress(Killed):
                shop.work()
        shop.later(minutes=10)
        assert [text for who, text in shop.said() if who == "incoming"][-1] == f"photo {step}", (step, passed[-1])
        assert len([text for who, text in shop.said() if who == "incoming"]) == step, (step, passed[-1])
        if len(passed) < step:
            assert step > 6, "it did not come so far"
            return
    pytest.fail("it has more steps than were tried")


def _last(shop) -> int:
    import sqlalchemy as sa

    from plugdesk.tickets.models import Message

    with shop.runtime.database.read() as session:
        return session.scalar(
            sa.select(sa.func.max(Message.id)).where(Message.author_id.is_not(None), Message.direction == "outgoing")
        )
