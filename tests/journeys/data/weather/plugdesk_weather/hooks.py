import sqlalchemy as sa
from flask import Blueprint

from plugdesk.api import hookimpl, lazy_gettext
from plugdesk_weather.models import Note
from plugdesk_web.api import Cell, Column, Pages, Panel, context, page

blueprint = Blueprint("forecast", __name__)


@blueprint.get("/")
def forecast(slug):
    return page("weather:forecast.html", place=context("weather").settings.place)


@hookimpl
def pages():
    return [
        Panel("weather", lazy_gettext("Weather"), show),
        Column("weather", lazy_gettext("Weather"), cells),
        Pages(blueprint, "public"),
    ]


@hookimpl
def ticket_opened(ctx, ticket, event):
    if ctx.db.scalar(sa.select(Note.id).where(Note.ticket_id == ticket.id)) is None:
        ctx.db.add(Note(form_id=ticket.form_id, ticket_id=ticket.id, text=f"Rain over {ticket.subject}"))


def show(ctx, ticket, viewer):
    return "weather:panel.html", {"notes": notes(ctx, [ticket]), "place": ctx.settings.place}


def cells(ctx, tickets):
    return {note.ticket_id: Cell(note.text, icon="star") for note in notes(ctx, tickets)}


def notes(ctx, tickets):
    return ctx.db.scalars(sa.select(Note).where(Note.ticket_id.in_([ticket.id for ticket in tickets]))).all()
