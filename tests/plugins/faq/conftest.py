"""What the tests of answers share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from plugdesk_faq.commands import AnswerInput, write_answer


@pytest.fixture
def faq(enable: Callable[..., Any]) -> Any:
    """The `ctx` of answers, switched on for the form Support."""
    return enable("faq")


@pytest.fixture
def answer(faq: Any, admin: Any, session: Any) -> Callable[..., Any]:
    """`answer("Refund", "<p>…</p>", by=agent, shared=False)` writes one, shared for all forms if nothing else is said."""

    def answer(name: str = "Refund", body: str = "<p>Your money is on its way.</p>", *, by: Any = None, **about: Any) -> Any:
        row = write_answer(faq, AnswerInput(name, body, **{"shared": True, **about}), by=by or admin)
        session.commit()
        return row

    return answer
