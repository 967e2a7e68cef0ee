"""An error of a plugin in words, whatever the error is: its own text may fail, too."""

from __future__ import annotations

import traceback

from plugdesk.errors import PlugdeskError

LENGTH = 500
TRACE_LENGTH = 8_000


def in_words(error: BaseException) -> str:
    """`ValueError: it was empty`, or the sentence of a refusal; at most 500 characters. Never raises."""
    try:
        said = str(error)
    except Exception:
        said = ""
    if isinstance(error, PlugdeskError) and said:
        return said[:LENGTH]
    name = type(error).__name__
    return (f"{name}: {said}" if said else name)[:LENGTH]


def trace_of(error: BaseException) -> str:
    """The end of the traceback, which says where it happened; at most 8,000 characters. Never raises."""
    return "".join(traceback.format_exception(error))[-TRACE_LENGTH:]


def place_of(error: BaseException) -> str:
    """Where the error was raised, as `folder/module.py:12`; empty for one that was never raised."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    return f"{'/'.join(frames[-1].filename.replace(chr(92), '/').split('/')[-2:])}:{frames[-1].lineno}"
