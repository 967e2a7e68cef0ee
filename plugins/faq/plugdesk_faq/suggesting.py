"""Articles beside what somebody is about to ask."""

from __future__ import annotations

from plugdesk.api import Context, SuggestedAnswer, excerpt
from plugdesk_faq.finding import articles_about
from plugdesk_faq.snapshot import ANYBODY, key_now, snapshot_of

MOST = 5


def suggestions(ctx: Context, words: str, language: str) -> list[SuggestedAnswer]:
    """What anybody may read of this form about `words`."""
    key = key_now(ctx.db)
    if key is None or ctx.form is None:
        return []
    here = ctx.form.id
    site = snapshot_of(ctx.db, key)
    found = articles_about(site, ANYBODY, language, words)
    shown = [each for each, _stems in found if each.forms is None or here in each.forms][:MOST]
    return [
        SuggestedAnswer(each.title, f"{site.look.base_url or '/help'}/{each.slug}", excerpt(each.summary, 160)) for each in shown
    ]
