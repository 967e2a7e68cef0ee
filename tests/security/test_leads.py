"""Where a link to the desk may lead: to the desk (R1)."""

from __future__ import annotations

import re
from urllib.parse import quote, urljoin, urlsplit

import pytest

from plugdesk_web.security import own_path
from tests.security.world import World

pytestmark = pytest.mark.one_database

EVIL = [
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example", "https://evil.example", "http:///evil.example", "javascript:alert(1)",
    "/%2f%2fevil.example/%2f%2f", "%2f%2fevil.example", "/%5cevil.example", "/\t/evil.example", "/\r\n/evil.example", "/%0d%0aSet-Cookie:a=b", " //evil.example", "\x00//evil.example",
    "https://desk.example@evil.example", "https://desk.example.evil.example/", "data:text/html,x", "//evil.example%2f@desk.example", "/.//evil.example", "/;//evil.example", "?next=//evil.example",
]  # fmt: skip


def leads_away(location: str) -> bool:
    """Where a browser would go: it takes a backslash for a slash, and does not see tabs and line breaks."""
    read = re.sub(r"[\t\r\n]", "", location).replace("\\", "/").strip("\x00 ")
    return urlsplit(urljoin("https://desk.example/here", read)).netloc != "desk.example" or not urljoin(
        "https://desk.example/", read
    ).startswith("http")


@pytest.mark.parametrize("target", EVIL)
def test_a_target_given_in_an_address_leads_nowhere_else(world: World, target: str) -> None:
    given = quote(target, safe="")
    wrong = {"email": "ivan@desk.example", "password": world.things["password"]}
    answers = [
        world.ask("agent", "GET", f"/sign-in?next={given}"),
        world.ask("anonymous", "POST", f"/sign-in?next={given}", wrong),
        world.ask("form_admin", "POST", f"/extensions/csat/forms/support/deactivation?back={given}"),
        world.ask(
            "form_admin", "POST", f"/extensions/csat/forms/support/activation?back={given}", headers={"HX-Request": "true"}
        ),
        world.ask("form_admin", "POST", f"/extensions/csat/forms/support/retry?back={given}"),
        world.ask("form_admin", "GET", f"/extensions/csat/choose?form=support&back={given}"),
        world.ask(
            "agent", "POST", "/account/preferences", {"theme": "dark"}, headers={"Referer": re.sub(r"[\r\n\x00]", "", target)}
        ),
        world.ask(
            "agent",
            "POST",
            "/account/preferences",
            {"theme": "dark"},
            headers={"Referer": re.sub(r"[\r\n\x00]", "", f"https://desk.example{target}")},
        ),
    ]
    for answer in answers:
        leads = [answer.headers[name] for name in ("Location", "HX-Redirect", "Refresh") if name in answer.headers]
        assert leads or answer.status_code in (200, 422)
        assert not any(leads_away(each) for each in leads), leads
        assert not re.search(r'(?:href|action)="(?:https?:)?//evil', answer.get_data(as_text=True))


@pytest.mark.parametrize(
    "target", [each for each in EVIL if each not in ("/.//evil.example", "/;//evil.example", "/%0d%0aSet-Cookie:a=b")]
)
def test_what_is_no_path_of_the_desk_is_none(target: str) -> None:
    assert own_path(target) is None


@pytest.mark.parametrize("target", ["/", "/tickets/1?x=1#m2", "/search?q=https://evil.example", "/views/open?after=0~2026~1"])
def test_a_path_of_the_desk_is_one(target: str) -> None:
    assert own_path(target) == target
