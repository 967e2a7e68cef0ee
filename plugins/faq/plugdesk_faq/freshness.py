"""The stamp of the site: made anew in the very transaction that changes what the site shows, whoever changes it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from plugdesk_faq.models import Answer, AnswerForm, Article, Category
from plugdesk_faq.site_models import SiteLook, Stamp

UNSEEN = frozenset({"times_used", "last_used_at", "folder_id"})  # of an answer: the site shows nothing of them


def watch_changes() -> None:
    """Have every change of these rows make the stamp anew. Called once, when the plugin is imported."""
    for model in (Answer, AnswerForm, Article, Category, SiteLook):
        for moment in ("after_insert", "after_delete"):
            event.listen(model, moment, _changed)
        event.listen(model, "after_update", _updated)


def _updated(mapper: Any, connection: sa.Connection, row: Any) -> None:
    state = sa.inspect(row)
    if any(state.attrs[each.key].history.has_changes() for each in mapper.column_attrs if each.key not in UNSEEN):
        _changed(mapper, connection, row)


def _changed(mapper: Any, connection: sa.Connection, row: Any) -> None:
    connection.execute(sa.update(Stamp).values(number=Stamp.number + 1))
