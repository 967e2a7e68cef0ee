"""Signing in to the portal and out of it. Looking at a link in a letter signs nobody in, for mail scanners look at every link."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, Response, request, url_for

from plugdesk.api import Invalid, NotFound, TooMany, current_language, end_all_sessions, runtime_of, sign_in_with_password
from plugdesk.api import gettext as _
from plugdesk_portal.around import PLUGIN, begin, customer, customers_only, desk_ctx, portal_page, something_is_kept, wanted_page
from plugdesk_portal.queries import portal_forms
from plugdesk_portal.signing import LIVES, ask_for_link, link_behind, posting_form, use_link, was_asked_here
from plugdesk_web.api import (
    begin_customer_session,
    begin_reading,
    context,
    customer_or_none,
    db,
    end_customer_session,
    forget_customer,
    keep_customer,
    keep_secret,
    kept_secret,
    me_or_none,
    redirect_after,
)

blueprint = Blueprint("sign_in", __name__)
blueprint.before_request(begin)
ASKED = "plugdesk_asked"


@blueprint.get("/sign-in")
def show() -> Response:
    """The page; a customer who is signed in goes on."""
    if customer_or_none() is not None:
        return redirect_after(_after())
    return _page()


@blueprint.post("/sign-in/link")
def ask() -> Response:
    """Have a link sent. The answer is the same whether or not there is such a customer."""
    ctx = desk_ctx()
    form = posting_form(ctx, portal_forms(ctx))
    if form is None:
        return _page(problem=_("This desk cannot write letters now. Sign in with your password."), status=422)
    secret = kept_secret(ASKED) or secrets.token_urlsafe(24)
    try:
        ask_for_link(
            context(PLUGIN, form), request.form.get("email", ""), asked=secret, remote_address=request.remote_addr,
            language=current_language(), leads_to=wanted_page(),
        )  # fmt: skip
    except (Invalid, TooMany) as refusal:
        return _refused(refusal, "problem")
    return keep_secret(redirect_after(url_for(".sent")), ASKED, secret, seconds=int(LIVES.total_seconds()))


@blueprint.get("/letter-sent")
def sent() -> Response:
    """A letter is on its way, if the address is known."""
    return portal_page("sent.html")


@blueprint.post("/sign-in")
def create() -> Response:
    """With a password, which a customer may have set in their profile."""
    begin_reading()
    stay = bool(request.form.get("stay"))
    try:
        signed = sign_in_with_password(
            runtime_of(db()), email=request.form.get("email", ""), password=request.form.get("password", ""),
            remote_address=request.remote_addr, user_agent=request.user_agent.string, stay=stay, customers=True,
        )  # fmt: skip
    except (Invalid, TooMany) as refusal:
        return _refused(refusal, "wrong")
    return keep_customer(redirect_after(_after()), signed.token, stay=stay)


@blueprint.get("/links/<token>")
def link(token: str) -> Response:
    """What the letter leads to: whose it is, and one button. Of one that is over, the page on which to ask for another."""
    try:
        found = link_behind(desk_ctx(), token)
    except NotFound as refusal:
        return _over(refusal)
    return portal_page("link.html", link=found, token=token, here=was_asked_here(found, kept_secret(ASKED)))


@blueprint.post("/links/<token>")
def use(token: str) -> Response:
    """The button: signed in, once."""
    stay = bool(request.form.get("stay"))
    try:
        found = link_behind(desk_ctx(), token)
        if not any(form.id == found.form_id for form in portal_forms(desk_ctx())):
            raise NotFound(_("This link is not valid any more. Ask for another one."))
        opened = begin_customer_session(use_link(desk_ctx(), found), stay=stay)
    except NotFound as refusal:
        return _over(refusal)
    return keep_customer(redirect_after(found.leads_to or url_for("portal_requests.index")), opened, stay=stay)


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """End this browser's session, here and on the server."""
    end_customer_session()
    return forget_customer(redirect_after(url_for("portal_requests.index")))


@blueprint.post("/sign-out-everywhere")
@customers_only
def sign_out_everywhere() -> Response:
    """End every session of the customer's."""
    end_all_sessions(db(), customer(), by=customer())
    return forget_customer(redirect_after(url_for("portal_requests.index")))


def _over(refusal: NotFound) -> Response:
    """A link that is used or too old: whoever it has signed in goes on by a button, others ask for another one."""
    begin_reading()
    return _page(status=refusal.status, over=str(refusal))


def _refused(refusal: Invalid | TooMany, where: str) -> Response:
    """The page again, with what was typed."""
    begin_reading()
    response = _page(status=refusal.status, **{where: str(refusal)})
    if isinstance(refusal, TooMany):
        response.headers["Retry-After"] = str(int(refusal.wait.total_seconds()) + 1)
    return response


def _page(*, status: int = 200, **said: Any) -> Response:
    ctx, agent = desk_ctx(), me_or_none()
    return portal_page(
        "sign_in.html", status=status, next=wanted_page() or None, email=request.form.get("email", ""), agent=agent if agent and agent.is_agent else None,
        letters=posting_form(ctx, portal_forms(ctx)) is not None, unsent=something_is_kept(), **{"problem": "", "wrong": "", "over": "", **said},
    )  # fmt: skip


def _after() -> str:
    return wanted_page() or url_for("portal_requests.index")
