"""What a test can order to go wrong goes wrong so often, and then no more."""

from __future__ import annotations

import httpx
import pytest

from plugdesk.clock import MovableClock
from plugdesk.testing.messenger import LocalMessenger, Person
from tests.core.testing.messenger.calls import Api


def test_a_call_is_refused_as_often_as_was_ordered(messenger: LocalMessenger, api: Api, ann: Person, token: str) -> None:
    messenger.fail("sendMessage", 500, "Internal Server Error", times=2)
    for _ in range(2):
        assert api.refused("sendMessage", chat_id=ann.id, text="x") == (500, "Internal Server Error")
    api.ok("sendMessage", chat_id=ann.id, text="y")
    assert [message.text for message in ann.chat(token).messages] == ["/start", "y"]
    assert [call.code for call in messenger.calls] == [500, 500, 200]


def test_a_refusal_may_say_when_to_come_again(messenger: LocalMessenger, api: Api) -> None:
    messenger.fail("*", 429, "Too Many Requests: retry after 7", retry_after=7)
    answer = api.answer("getMe")
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["parameters"]) == (429, "7", {"retry_after": 7})
    api.ok("getMe")


def test_orders_can_be_taken_back(messenger: LocalMessenger, api: Api) -> None:
    messenger.fail("getMe", 500, "x", times=9)
    messenger.heal()
    api.ok("getMe")


@pytest.mark.parametrize(("when", "arrived"), [("before", False), ("after", True)])
def test_a_connection_breaks_and_the_bot_cannot_know_whether_the_message_went(
    messenger: LocalMessenger, api: Api, ann: Person, token: str, when: str, arrived: bool
) -> None:
    messenger.drop_connection("sendMessage", when)
    with pytest.raises(httpx.RemoteProtocolError):
        api.answer("sendMessage", chat_id=ann.id, text="x")
    assert (ann.chat(token).messages[-1].text == "x") is arrived
    assert (messenger.calls[-1].method, messenger.calls[-1].code) == ("sendMessage", 0)


def test_a_call_hangs_and_does_nothing_meanwhile(messenger: LocalMessenger, api: Api, ann: Person, token: str) -> None:
    messenger.hang("sendMessage", 120)
    with pytest.raises(httpx.ReadTimeout):
        api.http.post(f"/bot{token}/sendMessage", json={"chat_id": ann.id, "text": "x"}, timeout=0.1)
    assert ann.chat(token).messages[-1].text == "/start"
    server = messenger._server
    messenger.stop()
    assert server is not None
    assert not any(each.is_alive() for each in server._answering)


def test_fetching_a_file_can_fail_too(messenger: LocalMessenger, api: Api, ann: Person, token: str) -> None:
    ann.send_document(token, b"hello", "a.txt")
    file_id = api.updates()[-1]["message"]["document"]["file_id"]
    address = f"/file/bot{token}/{api.ok('getFile', file_id=file_id)['file_path']}"
    messenger.fail("file", 502, "Bad Gateway")
    messenger.drop_connection("file")
    assert api.http.get(address).status_code == 502
    with pytest.raises(httpx.RemoteProtocolError):
        api.http.get(address)
    assert api.http.get(address).content == b"hello"


def test_telegram_goes_away_and_comes_back_with_all_that_was_said(
    messenger: LocalMessenger, api: Api, ann: Person, token: str
) -> None:
    messenger.away()
    with pytest.raises(httpx.RemoteProtocolError):
        api.answer("getMe")
    messenger.away(502)
    answer = api.answer("getMe")
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html") and "Bad Gateway" in answer.text
    ann.write(token, "Are you there?")
    messenger.back()
    assert api.updates()[-1]["message"]["text"] == "Are you there?"


def test_a_token_that_was_revoked_is_no_good_and_the_new_one_goes_on(
    messenger: LocalMessenger, api: Api, ann: Person, token: str
) -> None:
    new = messenger.revoke(token)
    assert api.refused("getMe") == (401, "Unauthorized")
    api.token = new
    assert api.ok("getMe")["username"] == "shop_bot" and len(api.updates()) == 1
    api.ok("sendMessage", chat_id=ann.id, text="Still me")
    assert ann.chat(new).messages[-1].text == "Still me"


def test_limits_hold_for_a_chat_for_all_and_for_groups(
    messenger: LocalMessenger, api: Api, ann: Person, token: str, clock: MovableClock
) -> None:
    messenger.limit_rates(burst=3)
    for _ in range(3):
        api.ok("sendMessage", chat_id=ann.id, text="x")
    answer = api.answer("sendMessage", chat_id=ann.id, text="x")
    assert (answer.status_code, answer.json()["parameters"]) == (429, {"retry_after": 1})
    clock.advance(seconds=1)
    api.ok("sendMessage", chat_id=ann.id, text="x")
    people = [messenger.person(f"P{number}") for number in range(31)]
    for person in people:
        person.start(token)
    clock.advance(seconds=1)
    codes = [api.answer("sendMessage", chat_id=person.id, text="x").status_code for person in people]
    assert codes == [200] * 30 + [429]
    messenger.unlimit_rates()
    api.ok("sendMessage", chat_id=ann.id, text="x")


def test_a_group_takes_twenty_a_minute(messenger: LocalMessenger, api: Api, ann: Person, token: str, clock: MovableClock) -> None:
    messenger.limit_rates(per_chat=100, burst=100, per_bot=100)
    group = messenger.group("Team", ann, [token])
    for _ in range(20):
        api.ok("sendMessage", chat_id=group.id, text="x")
    assert api.answer("sendMessage", chat_id=group.id, text="x").json()["parameters"] == {"retry_after": 3}
    clock.advance(seconds=3)
    api.ok("sendMessage", chat_id=group.id, text="x")
