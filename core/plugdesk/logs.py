"""The log of a process: lines for people, or one JSON object a line for machines."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from plugdesk.settings import Settings


def configure(settings: Settings) -> None:
    """Write the log of Plugdesk and its plugins to standard error, as `PLUGDESK_LOG_JSON` says."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Json() if settings.log_json else _Line("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger("plugdesk")
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    root.propagate = False


class _Line(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:
        """One line, whatever a name or address in it holds: nobody forges a second."""
        return super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n")


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """One line: JSON escapes line breaks, so nobody can forge a second."""
        about = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "from": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            about["trace"] = self.formatException(record.exc_info)
        return json.dumps(about, ensure_ascii=False)
