"""What a form's rules cost: `python benchmarks/forms.py`. 100 fields with 100 conditions, each on the field before it.

Showing decides which fields are there and makes the values of their controls; validating checks what was entered into all of them.
Both together may take 5 ms of CPU, whatever the machine does besides.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

from measure import Figure, print_figures

from plugdesk.forms.entering import check_values
from plugdesk.forms.models import Desk, Field, FieldKind, Form, Status, StatusKind
from plugdesk.runtime import Runtime
from plugdesk.settings import Settings
from plugdesk_web.ticket_fields import fields_to_edit

FIELDS, RUNS, LIMIT_MS = 100, 200, 5
FACTS = {"ticket.channel": "phone"}


def main() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        runtime = Runtime(Settings(data=Path(folder)))
        form = _form()
        filled: dict[str, Any] = {f"f{number}": _value(number) for number in range(FIELDS)}
        given = {f"field-{code}": value for code, value in filled.items()} | {f"field-{code}-here": "1" for code in filled}
        with runtime.database.read() as session:
            session.info["desk_row"] = desk = Desk(
                id=0, name="Benchmark", instance="b", language="en", zone="UTC", extensions=[], suspended={}
            )
            session.add(desk)  # a read session never flushes it

            def show() -> int:
                return len(fields_to_edit(session, None, form=form, given=given))

            def validate() -> dict[str, str]:
                return check_values(session, form, filled, by_agent=True, before={}, complete=True, status="new", facts=FACTS)[1]

            assert (show(), validate()) == (FIELDS, {})
            showing, validating = _median_ms(show), _median_ms(validate)
        runtime.database.close()
    compared = f"{showing:.2f} ms to show, {validating:.2f} ms to validate, of CPU"
    return print_figures(
        [Figure(f"a form of {FIELDS} fields with {FIELDS} conditions", showing + validating, LIMIT_MS, "ms", compared)]
    )


def _form() -> Form:
    form = Form(id=1, slug="form", name="Form", extensions=[], suspended={}, sections=[], version=1)
    form.statuses = [Status(code="new", kind=StatusKind.NEW, name="New", names={}, position=0)]
    form.fields = [_field(number) for number in range(FIELDS)]
    return form


def _field(number: int) -> Field:
    kind = (FieldKind.TEXT, FieldKind.CHOICE, FieldKind.NUMBER, FieldKind.CHECK)[number % 4]
    choices = [{"code": f"c{each}", "label": f"Choice {each}", "tone": ""} for each in range(10)] if kind.has_choices else []
    before: dict[str, Any] = (
        {"fact": f"field.f{number - 1}", **_holds(number - 1)} if number else {"fact": "ticket.channel", "is": "phone"}
    )
    return Field(
        code=f"f{number}", kind=kind, label=f"Field {number}", required=True, agent_only=False, section="", position=number,
        choices=choices, visible_when={"all": [before]}, help=None, default=None, required_from=None, readonly_from=None,
    )  # fmt: skip


def _holds(number: int) -> dict[str, Any]:
    tests: tuple[dict[str, Any], ...] = ({"contains": "text"}, {"in": ["c1", "c2"]}, {"gt": 1}, {"is": True})
    return tests[number % 4]


def _value(number: int) -> Any:
    return ("some text", "c1", "12", "1")[number % 4]


def _median_ms(act: Callable[[], Any]) -> float:
    took = []
    for _run in range(RUNS):
        began = process_time()
        act()
        took.append(process_time() - began)
    return statistics.median(took) * 1000


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
