"""One file per resource, each with a `blueprint`; the guard `agent_only` and its kin stand on every route."""

from __future__ import annotations

import importlib
import pkgutil

from flask import Flask
from werkzeug.routing import IntegerConverter


class RowNumber(IntegerConverter):
    """`<int:…>` in addresses: as many figures as a database's number can hold; a longer one is no row's, so it is not found."""

    regex = r"\d{1,18}"


def install(app: Flask) -> None:
    """Register the blueprint of every file in this folder."""
    app.url_map.converters["int"] = RowNumber
    for module in pkgutil.iter_modules(__path__):
        app.register_blueprint(importlib.import_module(f"{__name__}.{module.name}").blueprint)
