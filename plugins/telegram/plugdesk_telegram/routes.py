"""The pages of a form's bots, for those who configure the form: list, add, change, test, updates that could not be read.

Telegram is asked while no transaction is open: on SQLite everybody else would wait for it.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for

from plugdesk.api import Form, Invalid, NotFound, Update, UpdateState, lazy_gettext, read_again, updates_aside
from plugdesk.api import gettext as _
from plugdesk_telegram import inbound, panel, webhooks
from plugdesk_telegram.bots import (
    account_for,
    add_bot,
    ask_who,
    bot_here,
    bots_here,
    change_bot,
    read_bot,
    remove_bot,
)
from plugdesk_telegram.connections import api_of, api_to
from plugdesk_telegram.intake import note_failure, note_success
from plugdesk_telegram.models import OFFICIAL, Bot, Mode
from plugdesk_web.api import NavItem, Pages, Panel, context, db, form_to_configure, me, page, redirect_after

blueprint = Blueprint("bots", __name__)
PAGES = [
    Pages(blueprint, "form"),
    Pages(inbound.blueprint, "inbound", quick=inbound.quick),
    NavItem(lazy_gettext("Telegram bots"), "telegram", "telegram_bots.index", place="form"),
    Panel("telegram", lazy_gettext("On Telegram"), panel.show, concerns=panel.concerns),
]


@blueprint.get("/bots")
def index(slug: str) -> Response:
    """The form's bots, and the updates that could not be read."""
    form = form_to_configure(slug)
    return _index(form, {})


@blueprint.post("/bots")
def create(slug: str) -> Response:
    """Add the bot once Telegram has said who it is; a refusal keeps what was typed, but for the token."""
    form_to_configure(slug)
    try:
        ctx = context("telegram")
        given = read_bot(ctx, request.form, by=me())
        api = api_to(ctx, account_for(ctx, given))
        db().rollback()
        known = ask_who(api)
        bot = add_bot(context("telegram"), given, known, by=me())
    except Invalid as refusal:
        db().rollback()
        return _index(form_to_configure(slug), request.form, refusal.problems, status=422)
    return redirect_after(url_for(".index", slug=slug), _("@%(bot)s, %(name)s, is connected.", bot=bot.username, name=bot.name))


@blueprint.get("/bots/<int:bot_id>")
def edit(slug: str, bot_id: int) -> Response:
    form = form_to_configure(slug)
    bot = bot_here(context("telegram"), bot_id)
    return _edit(form, bot, {"mode": bot.mode, "api": bot.api, "own_network": bot.own_network})


@blueprint.post("/bots/<int:bot_id>")
def change(slug: str, bot_id: int) -> Response:
    form_to_configure(slug)
    ctx = context("telegram")
    bot = bot_here(ctx, bot_id)
    try:
        given = read_bot(ctx, request.form, bot=bot, by=me())
        api = api_to(ctx, account_for(ctx, given))
        db().rollback()
        known = ask_who(api)
        change_bot(context("telegram"), bot_here(context("telegram"), bot_id), given, known, by=me())
    except Invalid as refusal:
        db().rollback()
        return _edit(form_to_configure(slug), bot_here(context("telegram"), bot_id), request.form, refusal.problems, status=422)
    return redirect_after(url_for(".index", slug=slug), _("Saved."))


@blueprint.post("/bots/<int:bot_id>/test")
def test(slug: str, bot_id: int) -> Response:
    """Try the stored bot for real, and set right where Telegram calls for it."""
    form_to_configure(slug)
    ctx = context("telegram")
    bot = bot_here(ctx, bot_id)
    api = api_of(ctx, bot)
    problem = ""
    try:
        good = webhooks.test(ctx, bot, api, before=db().rollback)
    except Invalid as refusal:
        problem, good = str(refusal), []
    bot = bot_here(context("telegram"), bot_id)
    if problem:
        note_failure(context("telegram"), bot, problem)
        return redirect_after(url_for(".index", slug=slug), problem, tone="error")
    note_success(context("telegram"), bot)
    return redirect_after(url_for(".index", slug=slug), " ".join(good))


@blueprint.post("/bots/<int:bot_id>/removal")
def remove(slug: str, bot_id: int) -> Response:
    form_to_configure(slug)
    bot = bot_here(context("telegram"), bot_id)
    remove_bot(context("telegram"), bot, by=me())
    return redirect_after(url_for(".index", slug=slug), _("@%(bot)s is forgotten here.", bot=bot.username))


@blueprint.post("/updates/<int:update_id>/reading")
def read_update_again(slug: str, update_id: int) -> Response:
    """Give an update that was put aside another try."""
    form = form_to_configure(slug)
    update = db().get(Update, update_id)
    if update is None or update.form_id != form.id or update.channel != "telegram" or update.state is not UpdateState.ASIDE:
        raise NotFound(_("There is no such update."))
    read_again(context("telegram"), update)
    return redirect_after(url_for(".index", slug=slug), _("It is read once more."))


def _index(form: Form, given: Any, problems: Any = None, *, status: int = 200) -> Response:
    ctx = context("telegram")
    return page(
        "telegram:index.html", status=status, form=form, bots=bots_here(ctx), given=given, problems=problems or {},
        aside=updates_aside(db(), "telegram", form.id), **_choices(),
    )  # fmt: skip


def _edit(form: Form, bot: Bot, given: Any, problems: Any = None, *, status: int = 200) -> Response:
    return page("telegram:bot.html", status=status, form=form, bot=bot, given=given, problems=problems or {}, **_choices())


def _choices() -> dict[str, Any]:
    why = webhooks.why_no_webhook(context("telegram"))
    modes = [(Mode.POLLING, _("fetched by this desk")), (Mode.WEBHOOK, _("brought by Telegram (webhook)"))]
    return {"modes": modes if why is None or me().is_admin else modes[:1], "no_webhook": why, "official": OFFICIAL}
