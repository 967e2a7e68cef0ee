"""Taking data away: of one form, or all of it with its tables, whether the package is still there or not."""

import json
import stat

import pytest
import sqlalchemy as sa

from plugdesk.database import Database
from plugdesk.errors import Conflict, Invalid, NotAllowed, NotFound
from plugdesk.events import Event
from plugdesk.forms.models import Form
from plugdesk.jobs import Job, enqueue
from plugdesk.migrations import WrongSchema, migrate, revisions_in
from plugdesk.plugins.loader import load_plugins
from plugdesk.plugins.removal import delete_data, export_name, remove_plugin
from plugdesk.plugins.settings import PluginSettings
from plugdesk.plugins.switch import disable_plugin, enable_plugin, save_plugin_settings
from plugdesk.runtime import Runtime
from plugdesk.settings import Settings
from plugdesk.setup import create_desk
from plugdesk.users.models import Role, User
from tests.core.plugins.conftest import build_form

pytestmark = pytest.mark.both_databases

MIGRATION = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "0001", None

def upgrade():
    op.create_table("notes_page", sa.Column("id", sa.Integer, primary_key=True), sa.Column("form_id", sa.BigInteger, sa.ForeignKey("form.id")),
                    sa.Column("text", sa.Text))
    op.create_table("notes_mark", sa.Column("id", sa.Integer, primary_key=True),
                    sa.Column("page_id", sa.Integer, sa.ForeignKey("notes_page.id", ondelete="CASCADE")))
    op.create_table("notes_shared", sa.Column("id", sa.Integer, primary_key=True))

def downgrade():
    op.drop_table("notes_mark")
    op.drop_table("notes_page")
    SHARED
"""
CODE = """
from dataclasses import dataclass
from plugdesk.contributions import JobKind
from plugdesk.plugins.settings import option

@dataclass(frozen=True)
class Settings:
    text: str = option("", label="Text")

@hookimpl
def jobs():
    return [JobKind("poll", lambda ctx: None)]
"""


@pytest.fixture
def open_desk(database_url, packages, tmp_path, clock):
    """`open_desk()`: the desk as a process finds it, with whatever packages are there at this moment."""
    opened = []

    def open_one():
        plugins = load_plugins(packages.points)
        database = Database(database_url)
        migrate(database, plugins)
        database.close()
        opened.append(Runtime(Settings(data=tmp_path / "data", database_url=database_url), plugins=plugins, clock=clock))
        return opened[-1]

    yield open_one
    for runtime in opened:
        runtime.database.close()


@pytest.fixture
def notes(packages):
    packages.add("notes", CODE, settings="plugdesk_notes.hooks:Settings")
    folder = packages.folder / "plugdesk_notes/migrations"
    folder.mkdir()
    (folder / "0001_initial.py").write_text(MIGRATION.replace("SHARED", 'op.drop_table("notes_shared")'))
    return folder


@pytest.fixture
def desk(notes, open_desk):
    runtime = open_desk()
    with runtime.database.write() as session:
        create_desk(session, name="Desk", language="en", zone="UTC")
        for name in ("Support", "Sales"):
            form = build_form(session, name)
            enable_plugin(session, form, "notes", None)
            save_plugin_settings(session, form, "notes", {"text": name}, 0, None)
            enqueue(session, "notes:poll", form=form, key="a")
            page = f"INSERT INTO notes_page VALUES ({form.id}, {form.id}, '{name}')"
            session.execute(sa.text(page))
            session.execute(sa.text(f"INSERT INTO notes_mark VALUES ({form.id}, {form.id})"))
        session.execute(sa.text("INSERT INTO notes_shared VALUES (1)"))
    return runtime


def forms(session):
    return session.scalars(sa.select(Form).order_by(Form.id)).all()


def rows(session, table):
    return session.scalar(sa.text(f"SELECT count(*) FROM {table}"))


def test_delete_data_takes_what_belongs_to_the_form_and_leaves_the_rest(desk):
    with desk.database.write() as session:
        first, second = forms(session)
        disable_plugin(session, first, "notes", None)
        deleted = delete_data(session, "notes", first, None)
        assert deleted == {"notes_page": 1, "plugin_settings": 1, "job": 1}
        assert [rows(session, f"notes_{name}") for name in ("page", "mark", "shared")] == [1, 1, 1]
        assert session.scalars(sa.select(PluginSettings.form_id)).all() == [second.id]
        assert session.scalars(sa.select(Job.form_id)).all() == [second.id]


def test_data_of_a_form_where_it_is_on_is_not_deleted(desk):
    with desk.database.write() as session, pytest.raises(Invalid, match="Switch off"):
        delete_data(session, "notes", forms(session)[0], None)


def test_strangers_delete_nothing(desk, clock):
    with desk.database.write() as session:
        stranger = User(role=Role.AGENT, name="Eve", email="eve@example.org", created_at=clock.now())
        session.add(stranger)
        session.flush()
        with pytest.raises(NotAllowed):
            delete_data(session, "notes", forms(session)[0], stranger)


def test_removing_exports_every_row_and_leaves_no_table(desk, tmp_path, clock):
    file = tmp_path / export_name("notes", clock.now())
    removed = remove_plugin(desk, "notes", file)
    exported = json.loads(file.read_text())
    assert (removed.tables, removed.rows) == (["notes_mark", "notes_page", "notes_shared"], 7)
    assert exported["tables"]["notes_page"][0] == {"id": 1, "form_id": 1, "text": "Support"}
    assert [row["values"] for row in exported["tables"]["plugin_settings"]] == [{"text": "Support"}, {"text": "Sales"}]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "notes" not in revisions_in(desk.database)
    with desk.database.read() as session:
        assert [form.extensions for form in forms(session)] == [[], []]
        assert [session.scalars(sa.select(model.id)).all() for model in (PluginSettings, Job)] == [[], []]
        assert session.scalars(sa.select(Event).where(Event.kind == "extension_removed")).one().data["rows"] == 7


def test_what_was_removed_can_be_installed_again(desk, open_desk, tmp_path):
    remove_plugin(desk, "notes", tmp_path / "notes.json")
    with open_desk().database.write() as session:
        enable_plugin(session, forms(session)[0], "notes", None)
        assert rows(session, "notes_page") == 0


def test_one_whose_package_is_gone_keeps_its_data_and_finds_it_again(desk, open_desk, packages):
    points, packages.points = packages.points, []
    without = open_desk()
    with without.database.read() as session:
        assert rows(session, "notes_page") == 2
        assert without.registry.implementations("jobs", forms(session)[0].extensions) == ()
    packages.points = points
    with open_desk().database.read() as session:
        assert rows(session, "notes_page") == 2
        assert forms(session)[0].has("notes")


def test_one_whose_package_is_gone_can_be_removed(desk, open_desk, packages, tmp_path):
    packages.points = []
    removed = remove_plugin(open_desk(), "notes", tmp_path / "notes.json")
    assert removed.tables == ["notes_mark", "notes_page", "notes_shared"]
    assert "notes" not in revisions_in(desk.database)


def test_a_table_that_would_remain_stops_the_removal_with_everything_in_its_place(desk, notes, tmp_path):
    (notes / "0001_initial.py").write_text(MIGRATION.replace("SHARED", "pass"))
    with pytest.raises(WrongSchema, match="notes_shared"):
        remove_plugin(desk, "notes", tmp_path / "notes.json")
    with desk.database.read() as session:
        assert rows(session, "notes_page") == 2


def test_an_older_export_is_not_written_over(desk, tmp_path):
    file = tmp_path / "notes.json"
    file.write_text("older")
    with pytest.raises(Conflict):
        remove_plugin(desk, "notes", file)
    assert file.read_text() == "older"


@pytest.mark.parametrize(("plugin", "error"), [("nothing", NotFound), ("web", Invalid)])
def test_what_is_not_there_or_always_on_is_not_removed(desk, tmp_path, plugin, error):
    with pytest.raises(error):
        remove_plugin(desk, plugin, tmp_path / "export.json")
