"""Letters to those who read their requests in the portal: only a link instead of the answer, and no closing notice, as they wish."""

from __future__ import annotations

from plugdesk.api import Conflict, Context, Ticket, User, fill_html, html_of_text
from plugdesk.api import gettext as _
from plugdesk_portal.models import Wish

ANSWERS = ("human", "automatic")


def wish_of(ctx: Context, customer: User) -> Wish:
    """Which letters the customer wants; one that is not stored where they never said."""
    found = ctx.db.get(Wish, customer.id)
    return found if found is not None else Wish(user_id=customer.id, link_only=False, closing_notices=True, version=0)


def change_wish(ctx: Context, customer: User, *, link_only: bool, closing_notices: bool, version: int | None) -> None:
    """The customer says which letters they want. Raises `Conflict` where they said something else meanwhile, on another page."""
    wish = wish_of(ctx, customer)
    if version != wish.version:
        raise Conflict(_("This was changed on another page meanwhile. Look at it again, then save."))
    if wish.version == 0:
        wish = Wish(user_id=customer.id)
        ctx.db.add(wish)
    wish.link_only, wish.closing_notices = link_only, closing_notices
    ctx.journal("letters_chosen", actor=customer)


def letter_instead(
    ctx: Context, ticket: Ticket, customer: User, kind: str, agent: User | None, *, only_link: bool = False
) -> str | None:
    """The letter with the link, where the form, the customer or who wrote it (`only_link`) says so; "" for a closing notice they do
    not want."""
    if kind == "closing":
        return None if wish_of(ctx, customer).closing_notices else ""
    if kind not in ANSWERS or ctx.base_url is None or not _is_known(customer):
        return None
    if not only_link and ctx.settings.answers != "link" and not wish_of(ctx, customer).link_only:
        return None
    # Ours is translated, an admin's own stays as written.
    return fill_html(ctx.db, html_of_text(_(ctx.settings.link_text)), ticket, agent=agent)


def _is_known(customer: User) -> bool:
    """Whether they can sign in: an address of theirs is proved."""
    return customer.active and any(each.channel == "email" and each.verified_at is not None for each in customer.identities)
