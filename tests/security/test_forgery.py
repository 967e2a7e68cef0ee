"""Requests that another site makes a browser send: none changes anything, and no look at a page does (C1, C2)."""

from __future__ import annotations

import pytest

from tests.security.test_access import ask, rows
from tests.security.world import World

pytestmark = pytest.mark.one_database

ELSEWHERE = [
    {"X-CSRFToken": ""},
    {"X-CSRFToken": "guess"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://desk.example"},
    {"Origin": "https://desk.example.evil.example"},
    {"Origin": "https://evil.desk.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]

OWN_TOKENS = (
    "/p/<slug>/webform/",
    "/help/",
    "/portal/from-site",  # what is posted is itself the secret, good once
)  # what anybody may do without a cookie: a foreign page can forge nothing that is not anybody's


@pytest.mark.parametrize("headers", ELSEWHERE, ids=lambda headers: "-".join(map(":".join, headers.items())))
def test_no_change_is_asked_for_from_elsewhere(world: World, headers: dict[str, str]) -> None:
    before, problems = world.dump(), []
    for row in rows():
        if row.method == "POST" and row.route != "POST /set-up":
            if row.rule.startswith(OWN_TOKENS) and "X-CSRFToken" in headers:
                continue
            response = ask(world, "admin", row, headers=headers)
            if response.status_code != 403:
                problems.append(f"{row.route} ({row.object}) answers {response.status_code}")
    assert not problems, "\n".join(problems)
    assert world.dump() == before


def test_only_post_changes_anything(world: World) -> None:
    before, problems, browser = world.dump(), [], world.browser("admin")
    for number, rule in enumerate(dict.fromkeys(row.rule for row in rows())):
        method = ("PUT", "PATCH", "DELETE")[number % 3]
        without = (405,) if rule.startswith("/in/") else (403,)  # a vendor has no token of a page, nor a person's rights
        for headers, refused in (({}, (404, 405)), ({"X-CSRFToken": ""}, without)):
            status = browser.open(world.path(rule), method=method, headers=headers).status_code
            if status not in refused:
                problems.append(f"{method} {rule} answers {status}")
    assert not problems, "\n".join(problems)
    assert world.dump() == before


@pytest.mark.parametrize("role", ["admin", "agent", "customer", "anonymous"])
def test_looking_changes_nothing(world: World, role: str) -> None:
    before = world.dump()
    for row in rows():
        if row.method == "GET":
            for method in ("GET", "HEAD", "OPTIONS"):
                assert ask(world, role, row, method=method).status_code < 500
    assert world.dump() == before


@pytest.mark.parametrize("origin", ["null", "https://evil.example", "https://evil.desk.example", "https://desk.example"])
def test_no_other_site_may_read_an_answer(world: World, origin: str) -> None:
    for path in (
        "/sign-in",
        "/views/open",
        "/search/palette?q=till",
        "/live/changes?since=0",
        world.path("/files/<key>"),
        "/nowhere",
    ):
        for method in ("GET", "OPTIONS"):
            answer = world.ask("agent", method, path, headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
            assert not [name for name in answer.headers if name[0].lower().startswith("access-control")], path
