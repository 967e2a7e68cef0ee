"""Sending an own report by letter: its figures as its owner may see them at that moment, as a table, with the way to it and its files.

The job that sends books the next one in the same transaction; after a worker that stood still for days what is late is sent once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from markupsafe import Markup

from plugdesk.api import Context, Form, Invalid, NotFound, User, format_date, format_datetime, send_letter, use_language
from plugdesk.api import gettext as _
from plugdesk_reports import letter_commands, periods
from plugdesk_reports.definition import Definition, read_definition
from plugdesk_reports.letter_commands import can_get_letters
from plugdesk_reports.letter_models import Obstacle, ReportLetter
from plugdesk_reports.own_commands import report_for
from plugdesk_reports.own_making import Made, MadePage, made_of
from plugdesk_reports.own_models import OwnReport
from plugdesk_reports.reading import Reach, reach_of
from plugdesk_reports.tables import Table

_CELL = "padding:4px 12px 4px 0;border-bottom:1px solid #ccc;text-align:"


class Hindered(Exception):
    """Nothing can be sent."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle.value)
        self.obstacle = obstacle


def send_due(ctx: Context, report_id: int = 0, **_given: Any) -> None:
    """Job of a timer: send the report to its people, if it is due, and book the next time; or keep why it could not be."""
    letter = ctx.db.get(ReportLetter, report_id, with_for_update=True)
    if letter is None or not letter.is_on:
        return
    if letter.rhythm.next(letter.since, ctx.desk.zone) <= ctx.now:  # else the desk's zone has been changed
        letter.since = ctx.now
        try:
            letter.sent_to = send(ctx, letter.report, letter.people)
            letter.sent_at, letter.failed_at, letter.obstacle = ctx.now, None, None
        except Hindered as reason:
            letter.failed_at, letter.obstacle = ctx.now, reason.obstacle
    letter_commands.book(ctx, letter)


def send(ctx: Context, report: OwnReport, people: Sequence[User]) -> int:
    """Put a letter to each of these people in the post, in their language. Returns to how many. Raises `Hindered`."""
    reach = _reach_of_owner(ctx, report)
    readers = [each for each in people if can_get_letters(each)]
    if not readers:
        raise Hindered(Obstacle.NOBODY)
    letters, sent = dict[str, tuple[str, Markup]](), 0
    for reader in readers:
        language = reader.language or ctx.desk.language
        with use_language(language, ctx.desk.zone):
            if language not in letters:
                letters[language] = _written(ctx, report, reach)
            subject, html = letters[language]
            sent += _post(ctx, _forms_first(reach, report), reader, subject, html + _ways(ctx, report, reader))
    if not sent:
        raise Hindered(Obstacle.NO_MAIL)
    return sent


def _reach_of_owner(ctx: Context, report: OwnReport) -> Reach:
    if not report.owner.active or not report.owner.is_agent:
        raise Hindered(Obstacle.OWNER_GONE)
    reach = reach_of(ctx.db, report.owner)
    if not reach.forms:
        raise Hindered(Obstacle.NO_FORMS)
    return reach


def _written(ctx: Context, report: OwnReport, reach: Reach) -> tuple[str, Markup]:
    """Subject and figures, in the current language."""
    definition = read_definition(report.asked)
    period, problem = periods.read_period(definition.plain, ctx.now.astimezone(ZoneInfo(ctx.desk.zone)).date())
    made, _problems = made_of(ctx.db, reach, definition, period, period_problem=problem, link=lambda *_of, **_narrowed: "")
    if made is None:
        raise Hindered(Obstacle.NOT_COUNTED)
    days = f"{format_date(period.first)} – {format_date(period.last)}"
    parts = [
        _paragraph(_what(made, definition)),
        _paragraph(days),
        *_figures(made),
        _paragraph(
            _(
                "Counted on %(moment)s, from the tickets %(name)s may see.",
                moment=format_datetime(ctx.now),
                name=report.owner.name,
            )
        ),
    ]
    return f"{report.name}, {days}", Markup("\n").join(parts)


def _figures(made: Made | MadePage) -> Iterator[Markup]:
    """The figure as a whole, where it is one, and the tables, each under its title where there are several."""
    if made.total is not None:
        now, before = made.total
        yield Markup("<p><strong>{}</strong>, {}</p>").format(
            _("%(figure)s: %(value)s", figure=made.title, value=now.text), _("before: %(value)s", value=before.text)
        )
    if made.is_empty:
        yield _paragraph(_("Nothing is counted in these days"))
        return
    for table in made.tables:
        if len(made.tables) > 1:
            yield Markup("<h3>{}</h3>").format(table.title)
        yield _table(table) if table.lines else _paragraph(_("Nothing in these days."))
        if table.note:
            yield _paragraph(table.note)


def _what(made: Made | MadePage, definition: Definition) -> str:
    """What is counted, in words."""
    said = [made.what]
    if definition.form:
        said += [_("Form: %(form)s.", form=form.name) for form in made.reach.forms]
    if definition.words:
        said.append(_("Narrowed to: %(words)s.", words=definition.words))
    if definition.hours:
        said.append(_("In working time."))
    return " ".join(said)


def _table(table: Table) -> Markup:
    def row(tag: str, name: str, cells: Sequence[str]) -> Markup:
        first = Markup('<{0} style="{1}left">{2}</{0}>').format(Markup(tag), Markup(_CELL), name)
        others = (Markup('<{0} style="{1}right">{2}</{0}>').format(Markup(tag), Markup(_CELL), each) for each in cells)
        return Markup("<tr>{}</tr>").format(Markup().join([first, *others]))

    head = row("th", table.head, table.columns)
    lines = Markup("\n").join(row("td", line.name, [cell.text for cell in line.cells]) for line in table.lines)
    return Markup('<table style="border-collapse:collapse">\n{}\n{}\n</table>').format(head, lines)


def _ways(ctx: Context, report: OwnReport, reader: User) -> Markup:
    """The report and its files behind the sign-in, for whoever reads it in the desk, and why they get the letter."""
    parts = [Markup()]
    if ctx.base_url and _reads(ctx, report, reader):
        definition = read_definition(report.asked)
        period, _problem = periods.read_period(definition.plain, ctx.now.astimezone(ZoneInfo(ctx.desk.zone)).date())
        days = urlencode({"from": period.first.isoformat(), "to": period.last.isoformat()})
        place = f"{ctx.base_url}/x/reports/own/{report.id}"
        ways = ((_("Open the report"), f"{place}?{days}"), ("CSV", f"{place}.csv?{days}"), ("XLSX", f"{place}.xlsx?{days}"))
        links = [Markup('<a href="{}">{}</a>').format(url, title) for title, url in ways]
        parts.append(Markup("<p>{}</p>").format(Markup(" · ").join(links)))
    if reader.id == report.owner_id:
        parts.append(_paragraph(_("You have this report sent to you. Its page says to whom and when.")))
    else:
        parts.append(
            _paragraph(_("%(name)s has this report sent to you. Ask them when you no longer need it.", name=report.owner.name))
        )
    return Markup("\n").join(parts)


def _reads(ctx: Context, report: OwnReport, reader: User) -> bool:
    try:
        report_for(ctx.db, reader, report.id)
    except NotFound:
        return False
    return bool(reach_of(ctx.db, reader).forms)


def _forms_first(reach: Reach, report: OwnReport) -> Sequence[Form]:
    """From which forms it may leave: its own one first."""
    return sorted(reach.forms, key=lambda form: str(form.id) != report.asked.get("form"))


def _post(ctx: Context, forms: Sequence[Form], reader: User, subject: str, html: Markup) -> bool:
    try:
        return any(send_letter(ctx.db, form, to=reader.email or "", subject=subject, html=str(html)) for form in forms)
    except Invalid:  # what was typed as their address is none
        return False


def _paragraph(text: str) -> Markup:
    return Markup("<p>{}</p>").format(text)
