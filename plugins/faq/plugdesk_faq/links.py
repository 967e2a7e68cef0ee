"""Where articles are read."""

from __future__ import annotations

from plugdesk.api import Context
from plugdesk_faq.models import Article


def article_address(ctx: Context, article: Article) -> str:
    """The whole address of an article, as it stands in a letter."""
    return f"{ctx.base_url or ''}/help/{article.slug}"
