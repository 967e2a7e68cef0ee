"""What every page of the portal needs: who reads it, in which language, and what stands around it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from flask import Response, g, request, url_for

from plugdesk.api import LANGUAGES, Context, Ticket, User, current_language
from plugdesk.api import gettext as _
from plugdesk_portal.queries import portal_forms
from plugdesk_portal.vouching import frames
from plugdesk_web.api import context, customer_or_none, frameable, framed, own_path, page, redirect_after, speak_as_asked

P = ParamSpec("P")
PLUGIN = "portal"


def begin() -> None:
    """Before every page: in the language its address asks for, else the customer's own, else the browser's."""
    speak_as_asked()
    customer = customer_or_none()
    if customer is not None and customer.language and "language" not in g:
        g.language = customer.language


def customers_only(view: Callable[P, Response]) -> Callable[P, Response]:
    """For customers who are signed in; others are led to the sign-in, and back to the page they wanted."""

    @wraps(view)
    def guarded(*args: P.args, **given: P.kwargs) -> Response:
        if customer_or_none() is None and framed():
            words = _("This page was open for long. Load the page around it again.")
            return let_frame(portal_page("over.html", status=403, words=words, bare=True))
        if customer_or_none() is None:
            wanted = request.full_path.rstrip("?") if request.method == "GET" else None
            return redirect_after(url_for("portal_sign_in.show", next=wanted))
        return view(*args, **given)

    return guarded


def customer() -> User:
    """Whose pages these are. Only behind `customers_only`."""
    found = customer_or_none()
    assert found is not None
    return found


def desk_ctx() -> Context:
    """The portal on the desk, for what concerns all forms together."""
    return context(PLUGIN)


def ctx_of(ticket: Ticket) -> Context:
    """The portal on the form of a request."""
    return context(PLUGIN, ticket.form)


def some_send_links() -> bool:
    """Whether a form answers by links whatever the customer wishes."""
    return any(context(PLUGIN, form).settings.answers == "link" for form in portal_forms(desk_ctx()) if form.archived_at is None)


def portal_page(template: str, /, *, status: int = 200, **values: Any) -> Response:
    """A page of the portal, with what stands above and below it."""
    ctx, reader = desk_ctx(), customer_or_none()
    if framed():
        return page(
            f"portal:{template}",
            status=status,
            site={"name": ctx.desk.name},
            reader=reader,
            **{"bare": True, "frame_token": request.args["_frame"], "frame_lang": request.args.get("lang"), **values},
        )
    places = (("portal_requests.index", _("My requests")), ("portal_profile.show", _("Profile"))) if reader else ()
    links: list[dict[str, Any]] = [
        {"title": title, "url": url_for(endpoint), "current": request.endpoint == endpoint} for endpoint, title in places
    ]
    links += [
        {"title": name, "url": _in_language(code), "lang": code}
        for code, name in LANGUAGES.items()
        if code != current_language()
    ]  # fmt: skip
    site = {"name": ctx.desk.name, "home_url": url_for("portal_requests.index"), "links": links}
    return page(f"portal:{template}", status=status, site=site, reader=reader, **values)


def let_frame(response: Response) -> Response:
    """After every page that stands in a frame: the sites an admin listed may show it."""
    return frameable(response, frames(desk_ctx())) if framed() else response


def files_query() -> str:
    """What the address of a file carries on in a frame."""
    return "?" + url_for("portal_requests.index").partition("?")[2] if framed() else ""


def wanted_page() -> str:
    """Where signing in leads to: the page of the portal that was asked for, else the list."""
    wanted = own_path(request.args.get("next"))
    return wanted if wanted and wanted.startswith("/portal/") and ".." not in wanted else ""


def _in_language(code: str) -> str:
    here = request.path if request.method == "GET" and request.url_rule is not None else url_for("portal_requests.index")
    return f"{here}?lang={code}"
