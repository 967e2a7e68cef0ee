"""Commands that plugins add to the command line, loaded when they are called."""

import pytest
from click.testing import CliRunner

from plugdesk import cli


def test_a_plugins_commands_stand_below_its_id(run, on_path):
    on_path.add("notes", COMMANDS)
    assert run("notes", "greet").startswith("Good day")
    assert "greet" in run("notes", "--help")


def test_an_app_wide_plugin_may_have_one_at_the_top(run, on_path):
    on_path.add("notes", COMMANDS.replace("Command(greet)", 'Command(click.Command("notes", callback=greet.callback), top=True)'))
    assert run("notes").startswith("Good day")


def test_a_plugin_that_cannot_be_loaded_says_why(run, on_path):
    on_path.add("notes", "1 / 0")
    assert "“notes” cannot be loaded. ZeroDivisionError" in run("notes", code=1)


def test_a_disabled_plugin_has_no_commands(run, on_path, monkeypatch):
    on_path.add("notes", COMMANDS)
    monkeypatch.setenv("PLUGDESK_DISABLE_PLUGINS", "csat, notes")
    assert "left out" in run("notes", "greet", code=1)


COMMANDS = """
import click
from plugdesk.contributions import Command

@click.command()
def greet():
    click.echo("Good day")

@hookimpl
def commands():
    return [Command(greet)]
"""


@pytest.fixture
def on_path(packages, monkeypatch):
    monkeypatch.setattr(cli, "_entry_points", lambda: packages.points)
    return packages


@pytest.fixture
def run():
    def call(*arguments, code=0):
        result = CliRunner().invoke(cli.main, arguments)
        assert result.exit_code == code, result.output
        return result.output

    return call


def test_help_tells_of_plugins_with_commands_without_importing_them(run, on_path):
    on_path.add("notes", "raise AssertionError('imported')", summary="Keeps notes.")
    assert "Keeps notes." not in run("--help")
    (on_path.folder / "plugdesk_notes/commandline.py").write_text("raise AssertionError('imported')")
    assert "Keeps notes." in run("--help")
