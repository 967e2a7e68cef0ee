"""Plugins that break a rule each, written into a folder, and the desk they are tried on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from plugdesk.plugins.loader import _forget_models
from plugdesk.testing.desks import copy_of, migrated_file, plugins_here
from plugdesk.testing.trial import Case, Trial
from plugdesk.tickets.models import Ticket

HEAD = """
import sqlalchemy as sa
from sqlalchemy.orm import Mapped
from flask import Blueprint
from plugdesk.api import *
from plugdesk_web.api import *
"""


@pytest.fixture
def write_plugin(tmp_path) -> Iterator[Callable[..., Path]]:
    """`write_plugin(hooks, **files)` writes the package `plugdesk_sinner`; returns its folder. `__` in a file's name is a slash."""
    before = set(sys.modules)
    folder = tmp_path / "project" / "plugdesk_sinner"

    def write(hooks: str = "", *, manifest: str = "", scope: str = "form", **files: str) -> Path:
        folder.mkdir(parents=True)
        about = f'id = "sinner"\nname = "Sinner"\nsummary = "It sins."\ncategory = "other"\nscope = "{scope}"\napi = ">=1.0,<2"\n'
        given = {"plugin_toml": about + manifest, "__init___py": "", "hooks_py": HEAD + hooks, **files}
        for name, text in given.items():
            stem, _, suffix = name.rpartition("_")
            file = folder / f"{stem.replace('___', '/') if stem != '__init__' else stem}.{suffix}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        return folder

    yield write
    listener = getattr(sys.modules.get("plugdesk_sinner.hooks"), "listener", None)
    if listener is not None:
        sa.event.remove(Ticket, "after_insert", listener)
    _forget_models("plugdesk_sinner")
    for name in set(sys.modules) - before:
        if name.partition(".")[0] == "plugdesk_sinner":
            del sys.modules[name]
    sys.path[:] = [each for each in sys.path if each != str(folder.parent)]


@pytest.fixture
def try_plugin(write_plugin, clock, tmp_path) -> Iterator[Callable[..., Trial]]:
    """`try_plugin(hooks, **files)` is a trial of such a plugin."""
    with ExitStack() as stack:

        def try_it(hooks: str = "", **given: str) -> Trial:
            plugins = plugins_here([write_plugin(hooks, **given)])
            url = copy_of(migrated_file(tmp_path, plugins), tmp_path)
            trial = Trial(Case("sinner"), plugins, url, clock, tmp_path)
            stack.callback(trial.close)
            return trial

        yield try_it
