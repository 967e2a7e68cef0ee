"""`plugdesk plugin check`: what can be seen without running a plugin."""

from pathlib import Path

import pytest

from plugdesk.plugins.checking import check_folder

MANIFEST = """
id = "notes"
name = "Notes"
summary = "Keeps notes."
category = "other"
scope = "form"
api = ">=1.0,<2"
"""
MODELS = 'class Page:\n    __tablename__ = "notes_page"\n'
MIGRATION = 'revision = "0001"\ndown_revision = None\ndef upgrade():\n    op.create_table("notes_page")\n'


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "plugdesk_notes"
    (folder / "migrations").mkdir(parents=True)
    (tmp_path / "tests").mkdir()
    for name, text in {
        "plugdesk_notes/plugin.toml": MANIFEST,
        "plugdesk_notes/__init__.py": "",
        "plugdesk_notes/hooks.py": "from plugdesk.api import hookimpl\n@hookimpl\ndef ticket_opened(ctx): pass\n",
        "plugdesk_notes/models.py": MODELS,
        "plugdesk_notes/migrations/0001_initial.py": MIGRATION,
        "README.md": "Notes",
        "tests/test_notes.py": "",
    }.items():
        (tmp_path / name).write_text(text)
    return folder


def test_a_plugin_that_keeps_the_rules_is_found_no_fault_with(package):
    assert check_folder(package.parent) == []


@pytest.mark.parametrize(
    ("file", "text", "finding"),
    [
        ("plugin.toml", "id = 7", "plugin.toml"),
        ("plugin.toml", MANIFEST + 'icon = "icon.svg"', "names icon.svg"),
        ("hooks.py", "from plugdesk.tickets.models import Ticket", "imports plugdesk.tickets.models"),
        ("hooks.py", "from plugdesk import api, tickets", "imports plugdesk.tickets"),
        ("hooks.py", "import plugdesk.runtime", "imports plugdesk.runtime"),
        ("hooks.py", "from plugdesk.testing import agent", "imports plugdesk.testing"),
        ("hooks.py", "from plugdesk_email import letters", "plugins meet in hooks"),
        ("hooks.py", "@hookimpl\ndef tiket_opened(ctx): pass", "there is no hook “tiket_opened”"),
        ("hooks.py", "import requests", "does not ask for “net”"),
        ("hooks.py", "def broken(:", "cannot be read"),
        ("models.py", 'class Page:\n    __tablename__ = "page"', "table “page” must be called “notes_…”"),
        ("migrations/initial.py", "", "NNNN_name.py"),
        ("migrations/0002_more.py", MIGRATION, 'must say revision = "0002"'),
        ("migrations/0001_initial.py", MIGRATION.replace("notes_page", "page"), "makes the table “page”"),
        ("migrations/0001_initial.py", MIGRATION.replace("None", '"0000"'), "must say down_revision = None"),
    ],
)
def test_what_breaks_a_rule_is_named_with_its_place(package, file, text, finding):
    (package / file).write_text(text)
    findings = [f"{each.place} {each.text}" for each in check_folder(package.parent)]
    assert [each for each in findings if finding in each and file in each], findings


def test_a_plugin_with_tables_needs_migrations_and_every_plugin_tests_and_a_readme(package):
    for file in ("migrations/0001_initial.py", "../tests/test_notes.py", "../README.md"):
        (package / file).unlink()
    (package / "migrations").rmdir()
    assert {each.place for each in check_folder(package.parent)} == {"migrations", "tests", "README.md"}


def test_where_there_is_no_plugin_it_says_so(tmp_path):
    assert "no plugin.toml" in check_folder(tmp_path)[0].text


@pytest.mark.parametrize("package", sorted(Path(__file__).parents[3].glob("plugins/*/plugdesk_*")), ids=lambda path: path.name)
def test_the_built_in_plugins_import_only_what_strangers_may(package):
    from plugdesk.plugins.manifest import read_manifest

    if not (package / "plugin.toml").is_file():
        pytest.skip(f"{package.name} has no manifest")
    read_manifest(package / "plugin.toml")
    found = [each for each in check_folder(package) if "promised" in each.text]
    allowed = "imports plugdesk.testing" if package.name == "plugdesk_demo" else "nothing"  # the demo plays with the test kit
    assert [each for each in found if not each.text.startswith(allowed)] == []
