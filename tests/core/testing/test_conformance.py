"""Each check of the test kit finds the plugin that breaks its rule."""

from __future__ import annotations

import pytest

from plugdesk.database import Database
from plugdesk.testing.addresses import open_to_strangers
from plugdesk.testing.bleeding import bleeding
from plugdesk.testing.desks import copy_of, migrated_file, plugins_here
from plugdesk.testing.failing import failure_problems
from plugdesk.testing.pages import panel_problems, secret_problems
from plugdesk.testing.rules import (
    import_problems,
    import_rule_problems,
    migration_problems,
    table_problems,
    untranslated,
    wording_problems,
)

TABLE = """
import sqlalchemy as sa
from alembic import op
revision = "0001"
down_revision = None

def upgrade():
    op.create_table("sinner_note", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("text", sa.Text(), nullable=False))

def downgrade():
    op.drop_table("sinner_note")
"""
MODEL = """
class Note(Base):
    __tablename__ = "sinner_note"
    id: Mapped[int] = sa.orm.mapped_column(sa.Integer, primary_key=True)
    text: Mapped[str]
"""

BLEEDS = {
    "writes a row from an answer the catalog asks for": (
        MODEL
        + """
@hookimpl
def what_will_change(ctx, form, switching_on):
    ctx.db.add(Note(text="asked"))
    return []
""",
        "It changed sinner_note where it is off",
    ),
    "listens to every ticket behind the desk's back": (
        MODEL
        + """
@sa.event.listens_for(Ticket, "after_insert")
def listener(mapper, connection, ticket):
    if sa.inspect(connection).has_table("sinner_note"):
        connection.execute(Note.__table__.insert().values(text="seen"))
""",
        "It changed sinner_note where it is off",
    ),
    "opens an address outside of its places": (
        """
class Everywhere:
    def install(self, app, runtime):
        app.add_url_rule("/everywhere", "everywhere", lambda: "Hello")

@hookimpl
def pages():
    return [Everywhere()]
""",
        "/everywhere leads to its code from outside of its places",
    ),
    "runs a service although nobody wants it": (
        MODEL
        + """
def listen(runtime, stop):
    with runtime.database.write() as session:
        session.add(Note(text="listening"))

@hookimpl
def services():
    return [Service("listen", listen)]
""",
        "It changed sinner_note while it was off everywhere",
    ),
    "contributes what no page shows": (
        """
@hookimpl
def pages():
    return [DashboardCard("card", "Card", lambda ctx: ("sinner:card.html", {}))]
""",
        "DashboardCard card was not visited",
    ),
    "shows its menu to everybody": (
        """
blueprint = Blueprint("room", __name__)

@blueprint.get("/")
@agent_only
def index():
    return "Hello"

class Menu:
    def install(self, app, runtime):
        @app.after_request
        def add(response):
            if response.mimetype == "text/html" and not response.direct_passthrough:
                response.set_data(response.get_data(as_text=True) + '<a href="/x/sinner/">Room</a>')
            return response

@hookimpl
def pages():
    return [Menu(), Pages(blueprint, "app"), NavItem("Room", "star", "sinner_room.index")]
""",
        "The menu entry “Room” is shown where it is off",
    ),
}


@pytest.mark.parametrize("hooks, expected", BLEEDS.values(), ids=BLEEDS)
def test_the_bleed_test_finds_what_acts_where_it_is_off(try_plugin, hooks, expected):
    files = {"migrations___0001_note_py": TABLE} if "sinner_note" in hooks else {}
    assert [each for each in bleeding(try_plugin(hooks, **files)) if expected in each]


def test_the_bleed_test_finds_nothing_in_a_plugin_that_keeps_to_its_form(try_plugin):
    trial = try_plugin(
        MODEL
        + """
@hookimpl
def ticket_opened(ctx, ticket, event):
    ctx.db.add(Note(text=ticket.subject))
    ctx.enqueue("count")

@hookimpl
def jobs():
    return [JobKind("count", lambda ctx: None)]

@hookimpl
def pages():
    return [Panel("note", lazy_gettext("Notes"), lambda ctx, ticket, viewer: None)]
""",
        migrations___0001_note_py=TABLE,
    )
    assert bleeding(trial) == []


@pytest.mark.parametrize(
    "code, expected",
    [
        ("import time; time.sleep(2.1)", "takes 2."),
        ("import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()", "starts 1 threads"),
    ],
    ids=["slow", "thread"],
)
def test_an_import_that_does_more_than_importing_is_found(write_plugin, code, expected):
    folder = write_plugin(code)
    (folder / "__init__.py").write_text("")
    plugin = next(each for each in plugins_here([folder]) if each.id == "sinner")
    assert [each for each in import_problems(plugin) if expected in each]


def test_an_import_of_what_is_not_promised_is_found(write_plugin):
    plugin = next(
        each for each in plugins_here([write_plugin("from plugdesk.tickets.models import Ticket")]) if each.id == "sinner"
    )
    assert "only plugdesk.api and plugdesk_web.api are promised" in "".join(import_rule_problems(plugin))


def test_a_table_under_another_name_is_found(write_plugin):
    plugins = plugins_here([write_plugin(MODEL.replace("sinner_note", "somebodys_note"))])
    plugin = next(each for each in plugins if each.id == "sinner")
    assert "The table somebodys_note" in "".join(table_problems(plugin, [each.id for each in plugins]))


@pytest.mark.parametrize(
    "script, expected",
    [(TABLE.replace("sa.Text()", "sa.Integer()"), "differ"), (TABLE.replace('op.drop_table("sinner_note")', "pass"), "remain")],
    ids=["drift", "left"],
)
def test_a_migration_that_does_not_fit_is_found(write_plugin, tmp_path, script, expected):
    plugins = plugins_here([write_plugin(MODEL, migrations___0001_note_py=script)])
    database = Database(copy_of(migrated_file(tmp_path, plugins), tmp_path))
    try:
        found = migration_problems(next(each for each in plugins if each.id == "sinner"), plugins, database)
    except Exception as error:  # what would remain is refused by the migration itself
        found = [str(error)]
    database.close()
    assert [each for each in found if expected in each]


def test_words_that_are_not_translatable_are_found(try_plugin):
    trial = try_plugin("@hookimpl\ndef pages():\n    return [Panel('p', 'Weather', lambda ctx, ticket, viewer: None)]")
    assert "“Weather” is not translatable" in "".join(wording_problems(trial.plugin, trial.titles()))


@pytest.mark.parametrize(
    "template, found",
    [
        ("<p>Hello {{ name }}</p>", ["Hello 0"]),
        ("<p>{{ _('Hello') }} · {{ n }}</p>", []),
        ('<a title="Open it">{{ name }}</a>', ["Open it"]),
        ('<button class="big one" value="Go" type="submit">{{ _("Go") }}</button>', []),
        ('<input class="big one" value="Go" type="submit">', ["Go"]),
        ("{% block width %}wide{% endblock %}<style>p { color: red }</style>{# a note #}", []),
    ],
)
def test_words_in_templates_are_told_from_code(template, found):
    assert untranslated(template) == found


PAGE = """
from flask import Response
blueprint = Blueprint("page", __name__)

@blueprint.get("/<token>")
def show(slug, token):
    return "Hello"

@hookimpl
def pages():
    return [Pages(blueprint, "PLACE")]
"""


@pytest.mark.parametrize("place, expected", [("form", "to nobody in particular"), ("public", "to the token")])
def test_a_page_that_lets_in_anybody_is_found(try_plugin, place, expected):
    trial = try_plugin(PAGE.replace("PLACE", place))
    trial.switch_on()
    assert [each for each in open_to_strangers(trial) if expected in each]


@pytest.mark.parametrize(
    "show, template, expected",
    [
        ("{'subject': ticket.subject}", "{{ subject|safe }}", "for markup"),
        ("{'subject': ticket.subject.split()[1]}", "{{ subject }}", "failed"),
    ],
    ids=["markup", "breaks"],
)
def test_a_panel_that_takes_text_for_markup_or_breaks_is_found(try_plugin, show, template, expected):
    hooks = f"@hookimpl\ndef pages():\n    return [Panel('p', 'P', lambda ctx, ticket, viewer: ('sinner:p.html', {show}))]"
    trial = try_plugin(hooks, templates___p_html=template)
    trial.runtime.executor.strict = False
    assert [each for each in panel_problems(trial) if expected in each]


SETTINGS = """
from dataclasses import dataclass
from plugdesk.api import Secret, option

@dataclass(frozen=True)
class SinnerSettings:
    key: Secret = option(Secret(), label="Key")
"""


@pytest.mark.parametrize(
    "leak, expected",
    [
        ("print('nothing')", ""),
        ("ctx.log.warning('the key is ' + ctx.settings.key.reveal())", "the log"),
        ("ctx.journal('x', key=ctx.settings.key.reveal())", "the table event"),
    ],
    ids=["none", "log", "journal"],
)
def test_a_secret_that_gets_out_is_found(try_plugin, leak, expected):
    hooks = f"@hookimpl\ndef ticket_opened(ctx, ticket, event):\n    {leak}"
    trial = try_plugin(hooks, manifest='settings = "plugdesk_sinner.settings:SinnerSettings"\n', settings_py=SETTINGS)
    found = secret_problems(trial)
    assert [each for each in found if expected in each] if expected else found == []


def test_a_failing_implementation_that_takes_the_desk_along_is_found(try_plugin, monkeypatch):
    """Without the SAVEPOINT a plugin's rows stay behind a failure; here the desk's own guard is taken away to see the check red."""
    trial = try_plugin("@hookimpl\ndef settle_ticket(ctx, ticket, settled):\n    return None")
    assert failure_problems(trial) == []
    monkeypatch.setattr("plugdesk.plugins.executor.Executor.passthrough", (BaseException,))
    assert [each for each in failure_problems(trial) if "the desk itself fails" in each]
