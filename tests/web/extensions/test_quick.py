"""Pages that an extension keeps: what fails there is left to its other pages, and counts on its health."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from types import SimpleNamespace

import pytest
from flask import Blueprint, Response

from plugdesk.plugins.breaker import OPENS_AFTER
from plugdesk.runtime import Runtime
from plugdesk.settings import Settings
from plugdesk_web.contributions import Pages
from tests.web.extensions.trial import trial

KEPT = SimpleNamespace(broken=True)


def shelf():
    blueprint = Blueprint("shelf", __name__)

    @blueprint.get("/<slug>")
    def show(slug):
        return f"slowly: {slug}"

    def quick(runtime, environ):
        if KEPT.broken:
            raise KeyError("the page that was kept")
        return Response("quickly")

    def pages():
        return [Pages(blueprint, "app", quick=quick)]

    return trial("shelf", pages, scope="app")


@pytest.fixture
def runtime(database, clock, tmp_path, _plugins):
    runtime = Runtime(Settings(data=tmp_path, database_url=database.url), plugins=[*_plugins, shelf()], clock=clock)
    runtime.database = database
    database.info["runtime"] = runtime
    return runtime


def suspended(runtime):
    with runtime.database.read() as session:
        return runtime.desk(session).suspended


def test_what_fails_in_a_kept_page_is_counted_until_it_goes_well(desk, runtime, app):
    KEPT.broken = True
    visitor = app.test_client(use_cookies=False)
    for _try in range(OPENS_AFTER):
        assert "shelf" not in suspended(runtime)
        assert visitor.get("/x/shelf/lamp").get_data(as_text=True) != "quickly"
    (entry,) = suspended(runtime).values()
    assert (entry["reason"], entry["failures"]) == ("KeyError: 'the page that was kept'", OPENS_AFTER)
    KEPT.broken = False
    assert visitor.get("/x/shelf/lamp").get_data(as_text=True) == "quickly"
    assert suspended(runtime) == {}


def test_a_kept_page_waits_for_no_place_among_the_requests(desk, runtime, app, monkeypatch):
    KEPT.broken = False
    monkeypatch.setattr(app, "_places", BoundedSemaphore(1))
    with app._places:
        assert app.test_client(use_cookies=False).get("/x/shelf/lamp").get_data(as_text=True) == "quickly"
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(app.test_client().get, "/sign-in")
            with pytest.raises(TimeoutError):
                asked.result(0.2)
            app._places.release()
            assert asked.result(20).status_code == 200
            app._places.acquire()
