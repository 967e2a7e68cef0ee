"""What the README promises is so: its commands exist, its links lead somewhere, its plugin works as it stands there."""

from __future__ import annotations

import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

from plugdesk import cli
from plugdesk.settings import PREFIX, Settings
from tests.architecture.sources import ROOT
from tools import reference

README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
SHELL = "\n".join(code for language, code in BLOCKS if language == "sh")
COMMANDS = re.findall(r"^(?:uv run )?(plugdesk [^&#\n]+)", SHELL, re.MULTILINE) + re.findall(
    r"`(?:uv run )?(plugdesk [^`]+)`", README
)
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
FILE = re.compile(
    r"`([\w/]+\.\w+)`[^`\n]*:\n\n```\w+\n(.*?)^```$|`(pyproject\.toml)`[^`]*:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL
)


def test_the_two_commands_come_first():
    assert BLOCKS[0] == ("sh", "uv run plugdesk demo\nuv run pytest\n")
    assert BLOCKS[1] == ("sh", 'pip install -e ".[dev]"\nplugdesk demo\npytest\n')


@pytest.mark.parametrize("command", sorted(set(COMMANDS)))
def test_a_command_exists_with_every_option_named(command):
    words = shlex.split(command)[1:]
    found: click.Command | None = cli.main
    while isinstance(found, click.Group) and words and not words[0].startswith("-"):
        known = found.get_command(click.Context(found), words[0])
        if known is None and found.invoke_without_command:
            break
        assert known is not None, f"there is no “{words[0]}” in {command}"
        found = known
        words = words[1:]
    assert found is not None
    options = {name for parameter in found.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


def test_the_options_of_the_demo_exist():
    demo = cli.main.get_command(click.Context(cli.main), "demo")
    assert demo is not None
    assert {"--port", "--data", "--lang"} <= {name for parameter in demo.params for name in parameter.opts}


def test_every_variable_named_anywhere_is_a_setting():
    settings = {PREFIX + name.upper() for name in Settings.__dataclass_fields__}
    texts = [*PAGES, ROOT / "compose.yaml", ROOT / "Dockerfile"]
    named = {(path.name, name) for path in texts for name in re.findall(r"PLUGDESK_[A-Z_]+[A-Z]", path.read_text("utf-8"))}
    assert sorted((path, name) for path, name in named if name not in settings) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(page):
    text = re.sub(r"^```.*?^```$|`[^`\n]+`", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"[a-z]+:|#", target)]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_what_the_manual_takes_from_the_code_is_what_the_code_says(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["reference.py", "--check"])
    assert reference.main() == 0, capsys.readouterr().out


@pytest.fixture
def regulars(tmp_path, monkeypatch) -> Iterator[Path]:
    """The README's plugin, installed as an editable install does it: its folder on the path, its entry points beside it."""
    folder = tmp_path / "regulars"
    for name, code, other_name, other_code in FILE.findall(README):
        file = folder / (name or other_name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(code or other_code, "utf-8")
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    about = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    lines = [
        f"[{group}]\n" + "\n".join(f"{name} = {value}" for name, value in names.items())
        for group, names in project["entry-points"].items()
    ]
    (about / "entry_points.txt").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    sys.modules.pop("plugdesk_regulars", None)


@pytest.fixture
def loaded_plugins(regulars):
    """What the desk loads when it starts anew after the installation."""
    from plugdesk.plugins.loader import load_plugins

    assert "regulars" in {point.name for point in entry_points(group="plugdesk.plugins")}
    return load_plugins()


@pytest.fixture
def desk(database, clock, tmp_path, loaded_plugins):
    """A desk with the plugin installed, its agent, and the second ticket of one customer."""
    from webtest import TestApp

    from plugdesk.app import create_app
    from plugdesk.runtime import Runtime
    from plugdesk.sessions import sign_in
    from tests.factories import make_agent, make_customer, make_desk, make_form, make_ticket

    runtime = Runtime(Settings(data=tmp_path, database_url=database.url), plugins=loaded_plugins, clock=clock)
    runtime.database = database
    database.info["runtime"] = runtime
    with database.write() as session:
        make_desk(session).set_up_at = clock.now()
        form, customer = make_form(session), make_customer(session)
        make_ticket(session, form, customer)
        number = make_ticket(session, form, customer).number
        token = sign_in(session, make_agent(session, form))
    browser = TestApp(create_app(runtime), extra_environ={"wsgi.url_scheme": "https", "HTTP_HOST": "desk.example"})
    browser.set_cookie("__Host-plugdesk", token)
    return SimpleNamespace(runtime=runtime, slug=form.slug, page=lambda: browser.get(f"/tickets/{number}").text)


def test_the_plugin_in_ten_lines_shows_its_panel_where_it_is_on(desk):
    from plugdesk.administering import switch

    assert desk.runtime.registry.plugins["regulars"].state == "ok", desk.runtime.registry.plugins["regulars"].reason
    assert "Requests on this form before" not in desk.page()
    switch(desk.runtime, "regulars", desk.slug, on=True)
    shown = desk.page()
    assert "Asked before" in shown
    assert "<p>Requests on this form before: 1</p>" in shown
    switch(desk.runtime, "regulars", desk.slug, on=False)
    assert "Requests on this form before" not in desk.page()


def test_the_plugin_in_ten_lines_is_ten_lines(regulars):
    lines = (regulars / "plugdesk_regulars/__init__.py").read_text("utf-8").splitlines()
    assert len([line for line in lines if line.strip()]) == 10
    from plugdesk.plugins.checking import check_folder

    assert {finding.place for finding in check_folder(regulars)} <= {"README.md", "tests"}, "what stands there breaks a rule"
