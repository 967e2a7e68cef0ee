"""The registry: the tickets of one form with all their fields, as a wide table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, request, url_for

from plugdesk.api import Form, NotFound, Order, lazy_gettext
from plugdesk.api import gettext as _
from plugdesk_reports.columns import ListColumn, chosen, columns_of_list, rows_of_page
from plugdesk_reports.reading import reach_of
from plugdesk_web.api import AskedList, NavItem, Pages, agent_only, context, lists_to_choose, me, page, page_of_list, read_list

blueprint = Blueprint("registry", __name__)
PAGES = [Pages(blueprint, "app"), NavItem(lazy_gettext("Registry"), "table", "reports_registry.show")]
PINNED = ("number", "subject")
ALL = "all"
BY_NUMBER = (Order.OLDEST, Order.NEWEST)


@blueprint.get("/registry")
@agent_only
def show() -> Response:
    """A form's list, a view of it or what is searched for in it, with the columns and in the order its address says."""
    ctx, given = context("reports"), request.args
    forms = reach_of(ctx.db, me(), archived=True).forms
    form = _form_asked(forms, given.get("form", ""))
    asked = read_list(ctx.db, me(), {**given, "form": form.slug})
    every = columns_of_list(ctx.db, me(), [form])
    offered = [each for each in every if each.code not in (*PINNED, "form")]
    columns = moved(chosen(offered, codes_asked()), given.get("up", ""), given.get("down", ""))
    order, codes = order_asked(asked, given.get("order", "")), ",".join(each.code for each in columns)
    said = {"form": form.slug, "view": asked.view, "q": given.get("q", "").strip(), "order": order, "columns": codes}
    again: dict[str, Any] = {name: str(value) for name, value in said.items() if value}
    found = page_of_list(
        ctx.db, me(), asked, [form], columns=[each.code for each in columns], after=given.get("after", ""), order=order
    )
    return page(
        "reports:registry.html", form=form, form_choices=[(each.slug, each.name) for each in forms], view_choices=lists_to_choose(), view=asked.view,
        words=given.get("q", ""), misunderstood=asked.misunderstood, columns=columns, left=[each for each in offered if each not in columns],
        heads=[_head(_("Ticket"), BY_NUMBER, asked, order, again), *(_head(each.title, each.orders, asked, order, again, each.kind) for each in columns)],
        rows=list(rows_of_page(ctx.db, found, [form], columns, in_words=True)), again=again, is_narrowed=bool(given.get("q")) or asked.view != ALL,
        older=url_for(".show", **again, after=found.next) if found.next else "", newest=url_for(".show", **again) if given.get("after") else "",
        export=url_for("reports_fetching.choose", **again | {"columns": ",".join([*PINNED, codes])}), moves="up" in given or "down" in given,
    )  # fmt: skip


def codes_asked() -> list[str]:
    """The codes of the columns in the address: boxes that were ticked, or a list."""
    return request.args.getlist("column") or request.args.get("columns", "").split(",")


def moved(columns: list[ListColumn], up: str, down: str) -> list[ListColumn]:
    """`columns` with the one of code `up` a place earlier, or that of `down` a place later."""
    places = {each.code: place for place, each in enumerate(columns)}
    place, other = (places.get(up, 0), places.get(up, 0) - 1) if up else (places.get(down, -1), places.get(down, -1) + 1)
    if (up or down) and 0 <= place < len(columns) and 0 <= other < len(columns):
        columns[place], columns[other] = columns[other], columns[place]
    return columns


def order_asked(asked: AskedList, said: str) -> Order:
    """The order an address asks for, where an index carries it: what is found by words, or everything, stands by number."""
    order = Order(said) if said in tuple(Order) else Order.NEWEST
    return order if order in _orders(asked) else Order.NEWEST


def _orders(asked: AskedList) -> Sequence[Order]:
    if asked.terms:
        return [Order.NEWEST]
    return list(Order) if asked.view != ALL else BY_NUMBER


def _head(
    title: str, orders: tuple[Order, Order] | None, asked: AskedList, order: Order, again: Mapping[str, Any], kind: str = "text"
) -> dict[str, Any]:
    """The head of a column for `table_head`; a press on one that the list can stand by turns it round."""
    head: dict[str, Any] = {"title": title, "fig": kind != "text"}
    if orders is None or not set(orders) <= set(_orders(asked)):
        return head
    up, down = orders
    head["sort"] = url_for(".show", **{**again, "order": up if order is down else down})
    return head | ({"sorted": "ascending" if order is up else "descending"} if order in orders else {})


def _form_asked(forms: Sequence[Form], slug: str) -> Form:
    found = next((each for each in forms if slug in ("", each.slug)), None)
    if found is None:
        raise NotFound(_("There is no such form."))
    return found
