"""Static files under addresses that change with their content, so that browsers keep them for a year."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response, abort, send_from_directory, url_for

if TYPE_CHECKING:
    from plugdesk.runtime import Runtime

FOLDER = Path(__file__).parent / "static"
YEAR = 31_536_000


def install(app: Flask, runtime: Runtime) -> None:
    """`/static/VERSION/…` for the pages, `/static/x/ID/VERSION/…` for plugins; `static_url` in templates makes the address."""
    version = "dev" if runtime.settings.strict else _fingerprint(FOLDER)
    folders = {plugin.id: plugin.manifest.folder / "static" for plugin in runtime.registry.loaded if plugin.manifest}
    versions = {plugin.id: plugin.version or "0" for plugin in runtime.registry.loaded}

    def own(version: str, name: str) -> Response:
        return _send(FOLDER, name)

    def of_plugin(plugin: str, version: str, name: str) -> Response:
        if plugin not in folders:
            abort(404)
        return _send(folders[plugin], name)

    @lru_cache(maxsize=1024)
    def address(name: str, plugin: str | None) -> str:
        if plugin:
            return url_for("static_of_plugin", plugin=plugin, version=versions[plugin], name=name)
        return url_for("static_file", version=version, name=name)

    def static_url(name: str, plugin: str | None = None) -> str:
        return address(name, plugin)

    app.add_url_rule("/static/x/<plugin>/<version>/<path:name>", "static_of_plugin", of_plugin)
    app.add_url_rule("/static/<version>/<path:name>", "static_file", own)
    app.jinja_env.globals["static_url"] = static_url


def _send(folder: Path, name: str) -> Response:
    response = send_from_directory(folder, name, max_age=YEAR)
    response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    return response


def _fingerprint(folder: Path) -> str:
    """Twelve characters that change when any of the files does."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0{path.stat().st_mtime_ns}\0".encode())
    return digest.hexdigest()[:12]
