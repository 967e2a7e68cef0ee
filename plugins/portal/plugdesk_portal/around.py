"""What every page of the portal needs: who reads it, in which language, and what stands around it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from flask import Response, g, request, url_for

from plugdesk.api import LANGUAGES, Context, NotFound, Ticket, User, current_language
from plugdesk.api import gettext as _
from plugdesk_portal import unsent
from plugdesk_portal.queries import portal_forms, request_of
from plugdesk_portal.vouching import frames
from plugdesk_web.api import (
    FRAME,
    TONE,
    context,
    customer_or_none,
    customer_timed_out,
    frameable,
    framed,
    own_path,
    page,
    redirect_after,
    speak_as_asked,
    typed_words,
)

P = ParamSpec("P")
PLUGIN = "portal"
KEPT = (FRAME, TONE, "lang")  # what every address in a frame goes on saying
WRITTEN = ("portal_requests.reply", "portal_requests.act")  # what is sent to these took somebody time to write


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
        return view(*args, **given) if customer_or_none() is not None else _stop()

    return guarded


def _stop() -> Response:
    """Nobody is signed in: what was typed is kept for whose session ran out; it is shown to whoever sent it where it cannot be kept."""
    number = (request.view_args or {}).get("number")
    here = url_for("portal_requests.show", number=number) if number else url_for("portal_requests.index")
    typed = typed_words() if request.endpoint in WRITTEN and not _keep() else None
    if typed is not None and typed.words:
        ask = url_for("portal_sign_in.show", next=here)
        return let_frame(portal_page("signed_out.html", status=403, typed=typed, ask=ask, in_frame=framed()))
    if framed():
        return _over_in_frame(here)
    wanted = request.full_path.rstrip("?") if request.method == "GET" else here
    return redirect_after(url_for("portal_sign_in.show", next=wanted))


def _keep() -> bool:
    owner, about = customer_timed_out(), request.view_args or {}
    if owner is None:
        return False
    try:
        ticket = request_of(desk_ctx(), owner, about["number"])
    except NotFound:
        return False
    files = any(each.filename for each in request.files.values())
    return unsent.keep(ctx_of(ticket), owner, ticket, about.get("code", ""), request.form, had_files=files)


def _over_in_frame(here: str) -> Response:
    if request.method == "POST":
        return redirect_after(here)
    words = _("This page was open for long. Load the page around it again.")
    return let_frame(portal_page("over.html", status=403, words=words, unsent=something_is_kept(), bare=True))


def something_is_kept() -> bool:
    """Whether words of the one who is to sign in again wait to be sent."""
    owner = customer_timed_out()
    return owner is not None and unsent.has_unsent(desk_ctx(), owner)


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
            **{"bare": True, "stays": {name: request.args[name] for name in KEPT if name in request.args}, **values},
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
