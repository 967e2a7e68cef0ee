"""How templates write dates, numbers and sizes: the names the components use, over `plugdesk.i18n`."""

from __future__ import annotations

from datetime import datetime

from flask import Flask
from markupsafe import Markup
from plugdesk import i18n
from plugdesk.app import current_runtime


def install(app: Flask) -> None:
    """Add the filters and globals that are not there by `plugdesk.i18n`."""
    app.jinja_env.filters.update(
        reltime=relative_time,
        filesize=i18n.format_file_size,
    )
    app.jinja_env.globals.update(script_messages=i18n.script_messages, now=lambda: current_runtime().clock.now(), Markup=Markup)


def relative_time(moment: datetime) -> str:
    """How long ago, up to a day; then the day."""
    return i18n.format_relative_time(moment, current_runtime().clock.now())
