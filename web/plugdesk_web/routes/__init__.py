"""One file per resource, each with a `blueprint`; the guard `agent_only` and its kin stand on every route."""

from __future__ import annotations

import importlib
import pkgutil

from flask import Flask


def install(app: Flask) -> None:
    """Register the blueprint of every file in this folder."""
    for module in pkgutil.iter_modules(__path__):
        app.register_blueprint(importlib.import_module(f"{__name__}.{module.name}").blueprint)
