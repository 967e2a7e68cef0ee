"""How the Bot API says no: a code, a description and, for two of them, parameters."""

from __future__ import annotations


class Refused(Exception):
    """An answer `{"ok": false, …}`. `parameters` is empty, or holds `retry_after` (seconds) or `migrate_to_chat_id`."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


def bad_request(reason: str, **parameters: int) -> Refused:
    """400: the request itself is wrong."""
    return Refused(400, f"Bad Request: {reason}", **parameters)


def forbidden(reason: str) -> Refused:
    """403: the bot may not do this to that chat."""
    return Refused(403, f"Forbidden: {reason}")


def conflict(reason: str) -> Refused:
    """409: two ways of receiving updates are in each other's way."""
    return Refused(409, f"Conflict: {reason}")


def too_many(retry_after: int) -> Refused:
    """429: to be repeated after that many seconds."""
    return Refused(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)


NOT_FOUND = Refused(404, "Not Found")
UNKNOWN_METHOD = Refused(404, "Not Found: method not found")
UNAUTHORIZED = Refused(401, "Unauthorized")
TOO_LARGE = Refused(413, "Request Entity Too Large")
