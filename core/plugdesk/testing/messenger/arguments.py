"""What a request asks for, from wherever it stands: the query, a form, JSON, or a form with files.

https://core.telegram.org/bots/api#making-requests
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from plugdesk.testing.messenger.files import BIGGEST_UPLOAD
from plugdesk.testing.messenger.refusals import TOO_LARGE, bad_request

WHOLE = re.compile(r"\s*([+-]?\d+)")


@dataclass(frozen=True)
class Upload:
    """A file of a form."""

    name: str
    mime_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Arguments:
    """All values are texts, as in a form: a list or an object is JSON. What is absent is ""."""

    values: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Upload] = field(default_factory=dict, repr=False)

    def text(self, name: str) -> str:
        """The value as it came."""
        return self.values.get(name, "")

    def whole(self, name: str, default: int = 0, least: int | None = None, most: int | None = None) -> int:
        """A whole number, moved between `least` and `most`; what is none counts as 0, as it does there."""
        found = WHOLE.match(self.text(name))
        number = default if not self.text(name) else int(found[1]) if found else 0
        number = number if least is None else max(least, number)
        return number if most is None else min(most, number)

    def switch(self, name: str) -> bool:
        """Whether the value says yes."""
        return says_yes(self.text(name))

    def json(self, name: str, what: str) -> Any:
        """The value read as JSON, or None when it is absent. Raises Refused when it is none."""
        if not self.text(name):
            return None
        try:
            return json.loads(self.text(name))
        except ValueError:
            raise bad_request(f"can't parse {what} JSON object") from None

    def upload(self, name: str, reference: str) -> Upload | None:
        """The file of that field: in a part of its name, or in the one that `attach://PART` names."""
        if reference.startswith("attach://"):
            return self.files.get(reference.removeprefix("attach://"))
        return self.files.get(name)


def says_yes(value: str) -> bool:
    """Telegram takes `true`, `yes` and `1`."""
    return value.strip().lower() in ("true", "yes", "1")


def read_arguments(query: str, content_type: str, body: bytes) -> Arguments:
    """The arguments of a request. Raises Refused when the body is not what it says, or a file in it is too large."""
    values = dict(parse_qsl(query, keep_blank_values=True))
    mime_type, options = parse_options_header(content_type)
    if mime_type == "application/json" and body:
        return Arguments(values | dict(_of_json(body)))
    if mime_type == "application/x-www-form-urlencoded":
        return Arguments(values | dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)))
    if mime_type == "multipart/form-data":
        return _of_form(values, body, mime_type, options)
    return Arguments(values)


def _of_form(values: dict[str, str], body: bytes, mime_type: str, options: dict[str, str]) -> Arguments:
    parser = FormDataParser(lambda *_, **__: BytesIO(), silent=False)
    try:
        _, form, parts = parser.parse(BytesIO(body), mime_type, len(body), options)
    except ValueError:
        raise bad_request("can't parse multipart form data") from None
    files = {}
    for name, part in parts.items():
        data = part.stream.read()
        if len(data) > BIGGEST_UPLOAD:
            raise TOO_LARGE
        files[name] = Upload(part.filename or "", part.mimetype or "", data)
    return Arguments(values | form.to_dict(), files)


def _of_json(body: bytes) -> Iterator[tuple[str, str]]:
    try:
        values = json.loads(body)
    except ValueError:
        raise bad_request("can't parse request body as JSON object") from None
    if not isinstance(values, dict):
        raise bad_request("can't parse request body as JSON object")
    for name, value in values.items():
        if isinstance(value, str):
            yield name, value
        elif value is not None:
            yield name, json.dumps(value)
