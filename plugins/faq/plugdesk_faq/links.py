"""Where articles are read."""

from __future__ import annotations

from plugdesk.api import Context
from plugdesk_faq.models import Article
from plugdesk_faq.site_models import SiteLook


def site_address(ctx: Context) -> str:
    """The whole address of the site, without a slash at the end: its own where it has one, else that of the desk."""
    look = ctx.db.get(SiteLook, 1)
    return (look.base_url if look else "") or f"{ctx.base_url or ''}/help"


def article_address(ctx: Context, article: Article) -> str:
    """The whole address of an article, as it stands in a letter."""
    return f"{site_address(ctx)}/{article.slug}"
