"""Updates reach a bot by asking and by webhook: each once it is confirmed, in order, for a day."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any

import pytest
import trustme

from plugdesk.clock import MovableClock
from plugdesk.testing.messenger import LocalMessenger, Person, webhooks
from tests.core.testing.messenger.calls import Api


class Receiver:
    """A bot's own server: it keeps what came and answers what it is told to, at first always 200."""

    def __init__(self) -> None:
        self.came: list[dict[str, Any]] = []
        self.moments: list[float] = []
        self.headers: list[dict[str, str]] = []
        self.connections = 0
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.changed = threading.Condition()
        self.open = threading.Event()
        self.open.set()

    @property
    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.came]

    def take(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        self.open.wait(30)
        with self.changed:
            self.came.append(json.loads(body))
            self.moments.append(time.monotonic())
            self.headers.append(headers)
            self.changed.notify_all()
            return self.answers.pop(0) if self.answers else (200, {}, b"")

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.came) >= count, 30), f"{len(self.came)} of {count} came"
            return self.came


@contextmanager
def serving(receiver: Receiver, port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            code, headers, answer = receiver.take({name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(code)
            for name, value in (headers | {"Content-Length": str(len(answer))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None: ...

        def setup(self) -> None:
            receiver.connections += 1
            super().setup()

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}/in?key=1"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def url(receiver: Receiver, messenger: LocalMessenger) -> Iterator[str]:
    with serving(receiver) as url:
        yield url
        messenger.stop()  # its connections are kept open


@pytest.fixture
def later() -> Iterator[Callable[..., Future[Any]]]:
    with ThreadPoolExecutor(4) as pool:
        yield pool.submit


def test_updates_wait_until_they_are_confirmed_and_none_is_lost(api: Api, ann: Person, token: str) -> None:
    for text in "abc":
        ann.write(token, text)
    first = api.ok("getUpdates", limit=2)
    assert [update["message"]["text"] for update in first] == ["/start", "a"] and api.ok("getUpdates", limit=2) == first
    rest = api.ok("getUpdates", offset=first[-1]["update_id"] + 1)
    assert [update["message"]["text"] for update in rest] == ["b", "c"]
    assert [update["update_id"] - first[0]["update_id"] for update in [*first, *rest]] == [0, 1, 2, 3]


def test_a_negative_offset_keeps_only_the_last_ones(api: Api, ann: Person, token: str) -> None:
    for text in "abc":
        ann.write(token, text)
    assert [update["message"]["text"] for update in api.ok("getUpdates", offset=-2)] == ["b", "c"]
    assert len(api.ok("getUpdates")) == 2


def test_an_offset_of_the_far_future_confirms_nothing(api: Api, ann: Person) -> None:
    assert len(api.ok("getUpdates", offset=2_000_000_000)) == 1


def test_who_waits_is_told_at_once(api: Api, ann: Person, token: str, later: Callable[..., Future[Any]]) -> None:
    api.updates()
    waiting = later(api.ok, "getUpdates", timeout=50)
    ann.write(token, "Hello")
    assert waiting.result(30)[0]["message"]["text"] == "Hello"


def test_waiting_ends_with_nothing_when_the_time_is_over(api: Api) -> None:
    assert api.ok("getUpdates", timeout=1) == []


def test_two_who_wait_at_once_are_told_that_there_are_two(
    messenger: LocalMessenger, api: Api, ann: Person, token: str, later: Callable[..., Future[Any]]
) -> None:
    api.updates()
    polls = messenger.bot(token).polls
    first = later(api.refused, "getUpdates", timeout=50)
    messenger.wait_for(lambda: messenger.bot(token).polls > polls)
    second = later(api.ok, "getUpdates", timeout=50)
    words = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    assert first.result(30) == (409, words)
    ann.write(token, "Hello")
    assert len(second.result(30)) == 1


def test_nobody_can_ask_while_there_is_a_webhook(
    api: Api, messenger: LocalMessenger, token: str, url: str, later: Callable[..., Future[Any]]
) -> None:
    polls = messenger.bot(token).polls
    waiting = later(api.refused, "getUpdates", timeout=50)
    messenger.wait_for(lambda: messenger.bot(token).polls > polls)
    api.ok("setWebhook", url=url)
    assert waiting.result(30) == (409, "Conflict: terminated by setWebhook request")
    code, words = api.refused("getUpdates")
    assert (code, words.split(";")[0]) == (409, "Conflict: can't use getUpdates method while webhook is active")
    api.ok("deleteWebhook")
    assert api.ok("getUpdates") == []


def test_what_kinds_a_bot_wants_is_remembered_until_it_says_otherwise(api: Api, ann: Person, token: str) -> None:
    message = ann.write(token, "a")
    api.updates(allowed_updates=["message"])
    ann.edit(message, "b")
    ann.write(token, "c")
    assert [update["message"]["text"] for update in api.updates()] == ["c"]
    assert api.ok("getWebhookInfo")["allowed_updates"] == ["message"]
    api.updates(allowed_updates=[])
    ann.edit(message, "d")
    ann.react(message, "👍")
    assert [set(update) - {"update_id"} for update in api.updates()] == [{"edited_message"}]
    api.updates(allowed_updates=["message_reaction"])
    ann.react(message, "❤")
    (update,) = api.updates()
    assert [each["emoji"] for each in update["message_reaction"]["new_reaction"]] == ["❤"]


def test_an_update_waits_a_day_and_a_press_two_and_a_half_minutes(api: Api, ann: Person, token: str, clock: MovableClock) -> None:
    buttons = {"inline_keyboard": [[{"text": "5", "callback_data": "5"}]]}
    api.ok("sendMessage", chat_id=ann.id, text="Well?", reply_markup=buttons)
    ann.press(ann.chat(token).messages[-1], "5")
    clock.advance(seconds=149)
    assert len(api.ok("getUpdates")) == 2
    clock.advance(seconds=1)
    assert [set(update) for update in api.ok("getUpdates")] == [{"update_id", "message"}]
    clock.advance(hours=24)
    assert api.ok("getUpdates") == []


def test_an_update_of_any_kind_can_be_told_and_any_told_again(
    api: Api, ann: Person, messenger: LocalMessenger, token: str
) -> None:
    api.updates(allowed_updates=["message"])
    number = messenger.inject(token, {"telepathy": {"thought": "help"}})
    assert api.updates() == [{"update_id": number, "telepathy": {"thought": "help"}}]
    messenger.again(number)
    assert [update["update_id"] for update in api.ok("getUpdates", offset=number + 1)] == [number]
    with pytest.raises(KeyError):
        messenger.again(1)


def test_a_webhook_is_brought_each_update_with_its_secret_and_asks_no_more(
    api: Api, ann: Person, token: str, messenger: LocalMessenger, receiver: Receiver, url: str
) -> None:
    api.ok("setWebhook", url=url, secret_token="S-e_cret1", max_connections=3, allowed_updates=["message"])
    ann.write(token, "Hello")
    receiver.wait_for(2)
    assert receiver.texts == ["/start", "Hello"]
    assert {headers["x-telegram-bot-api-secret-token"] for headers in receiver.headers} == {"S-e_cret1"}
    assert receiver.headers[0]["content-type"] == "application/json"
    assert messenger.wait_for(lambda: not messenger.pending(token))
    info = {"url": url, "has_custom_certificate": False, "pending_update_count": 0, "max_connections": 3}
    assert api.ok("getWebhookInfo") == info | {"ip_address": "127.0.0.1", "allowed_updates": ["message"]}


def test_what_a_webhook_does_not_take_comes_again_and_keeps_the_order(
    api: Api, ann: Person, token: str, messenger: LocalMessenger, receiver: Receiver, url: str, clock: MovableClock
) -> None:
    receiver.answers = [(500, {}, b""), (503, {}, b""), (404, {}, b"")]
    for text in "abc":
        ann.write(token, text)
    api.ok("setWebhook", url=url)
    receiver.wait_for(7)
    assert receiver.texts == ["/start", "/start", "/start", "/start", "a", "b", "c"]
    info = api.ok("getWebhookInfo")
    assert info["last_error_message"] == "Wrong response from the webhook: 404 Not Found"
    assert info["last_error_date"] == int(clock.now().timestamp())


def test_the_pauses_grow_from_repetition_to_repetition(api: Api, ann: Person, receiver: Receiver, url: str) -> None:
    receiver.answers = [(500, {}, b"")] * 5
    api.ok("setWebhook", url=url)
    receiver.wait_for(6)
    gaps = [later - earlier for earlier, later in pairwise(receiver.moments)]
    assert all(gap >= pause for gap, pause in zip(gaps, [0, 0.01, 0.02, 0.04, 0.08], strict=True))


@pytest.mark.parametrize("trusted", [True, False])
def test_a_webhook_over_tls_is_brought_updates_when_its_certificate_is_trusted(receiver: Receiver, trusted: bool) -> None:
    authority = trustme.CA()
    server, trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server)
    if trusted:
        authority.configure_trust(trust)
    with serving(receiver, tls=server) as url, LocalMessenger(plain_webhooks=True, webhook_trust=trust) as messenger:
        token = messenger.add_bot("Shop", "shop_bot")
        api = Api(messenger, token)
        messenger.person("Ann").start(token)
        api.ok("setWebhook", url=url)
        assert messenger.wait_for(lambda: not messenger.pending(token) if trusted else messenger.bot(token).last_error)
        words = api.ok("getWebhookInfo").get("last_error_message", "")
        assert words.startswith("SSL error {") is not trusted and len(receiver.came) == trusted
        api.http.close()


def test_a_webhook_may_say_when_it_wants_to_be_asked_again(
    api: Api, ann: Person, token: str, messenger: LocalMessenger, receiver: Receiver, url: str
) -> None:
    receiver.answers = [(503, {"Retry-After": "3600"}, b"")]
    api.ok("setWebhook", url=url)
    assert messenger.wait_for(lambda: messenger.bot(token).last_error)
    assert len(receiver.came) == 1
    messenger.retry_webhooks()
    receiver.wait_for(2)


def test_chats_do_not_wait_for_one_another(api: Api, ann: Person, bob: Person, token: str, receiver: Receiver, url: str) -> None:
    receiver.answers = [(503, {"Retry-After": "3600"}, b"")]
    api.ok("setWebhook", url=url)
    receiver.wait_for(1)
    ann.write(token, "Behind")
    bob.write(token, "Beside")
    receiver.wait_for(2)
    assert receiver.texts == ["/start", "Beside"]


def test_connections_are_kept_and_no_more_of_them_made_than_allowed(
    api: Api, token: str, messenger: LocalMessenger, receiver: Receiver, url: str
) -> None:
    receiver.open.clear()
    api.ok("setWebhook", url=url, max_connections=4)
    for number in range(40):
        messenger.person(f"P{number}").write(token, "Hello")
    receiver.open.set()
    receiver.wait_for(40)
    assert receiver.connections <= 4


def test_a_webhook_may_answer_with_a_call(
    api: Api, ann: Person, token: str, messenger: LocalMessenger, receiver: Receiver, url: str
) -> None:
    answer = json.dumps({"method": "sendMessage", "chat_id": ann.id, "text": "At once"}).encode()
    forbidden = [json.dumps({"method": method}).encode() for method in ("deleteWebhook", "getMe")]
    receiver.answers = [(200, {"Content-Type": "application/json"}, body) for body in (answer, *forbidden)]
    api.ok("setWebhook", url=url)
    assert messenger.wait_for(lambda: [message.text for message in ann.chat(token).messages if message.from_bot]) == ["At once"]
    ann.write(token, "Go on")
    ann.write(token, "And on")
    receiver.wait_for(3)
    assert messenger.wait_for(lambda: not messenger.pending(token)) and api.ok("getWebhookInfo")["url"] == url
    assert [call.method for call in messenger.calls] == ["setWebhook", "sendMessage", "getWebhookInfo"]


def test_a_webhook_that_is_not_there_is_tried_until_it_is(
    api: Api, ann: Person, token: str, messenger: LocalMessenger, receiver: Receiver
) -> None:
    with serving(Receiver()) as url:
        port = int(url.split(":")[2].split("/")[0])
    api.ok("setWebhook", url=url)
    assert messenger.wait_for(lambda: messenger.bot(token).last_error)
    assert api.ok("getWebhookInfo")["last_error_message"] == "Connection refused"
    with serving(receiver, port):
        receiver.wait_for(1)
        assert messenger.wait_for(lambda: not messenger.pending(token))
        messenger.stop()


def test_what_waits_moves_between_the_two_ways_and_can_be_dropped(
    api: Api, ann: Person, token: str, receiver: Receiver, url: str
) -> None:
    api.ok("setWebhook", url="http://elsewhere.example/in")
    assert api.ok("getWebhookInfo")["pending_update_count"] == 1
    api.ok("deleteWebhook")
    assert len(api.ok("getUpdates")) == 1
    api.ok("setWebhook", url=url, drop_pending_updates=True)
    ann.write(token, "Fresh")
    receiver.wait_for(1)
    assert receiver.texts == ["Fresh"]


def test_nothing_outside_this_machine_is_reached(api: Api, ann: Person, token: str, messenger: LocalMessenger) -> None:
    api.ok("setWebhook", url="http://elsewhere.example/in")
    assert messenger.wait_for(lambda: messenger.bot(token).last_error)
    assert api.ok("getWebhookInfo")["last_error_message"] == "Failed to resolve host: Name or service not known"


def test_an_update_can_be_brought_twice(
    api: Api, ann: Person, token: str, messenger: LocalMessenger, receiver: Receiver, url: str
) -> None:
    api.ok("setWebhook", url=url)
    number = receiver.wait_for(1)[0]["update_id"]
    messenger.again(number)
    assert [update["update_id"] for update in receiver.wait_for(2)] == [number, number]


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        ({"url": "http://example.com/in"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        ({"url": "https://example.com:8080/in"}, "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443"),
        ({"url": "https://127.0.0.1/in"}, "bad webhook: IP address 127.0.0.1 is reserved"),
        ({"url": "ftp://example.com"}, "invalid webhook URL specified"),
        ({"url": "https://example.com", "secret_token": "a b"}, "secret token contains unallowed characters"),
        ({"url": "https://example.com", "secret_token": "a" * 257}, "secret token is too long"),
    ],
)
def test_a_webhook_that_telegram_would_not_take_is_refused(arguments: dict[str, Any], refusal: str) -> None:
    with LocalMessenger() as strict:
        api = Api(strict, strict.add_bot("Shop", "shop_bot"))
        assert api.refused("setWebhook", **arguments) == (400, f"Bad Request: {refusal}")
        assert api.ok("setWebhook", url="https://example.com:8443/in", secret_token="a-_9") is True
        api.http.close()


def test_a_webhook_goes_on_after_the_messenger_was_stopped(
    api: Api, ann: Person, token: str, messenger: LocalMessenger, receiver: Receiver, url: str
) -> None:
    api.ok("setWebhook", url=url)
    assert messenger.wait_for(lambda: not messenger.pending(token))
    messenger.stop()
    ann.write(token, "Later")
    messenger.start()
    receiver.wait_for(2)
    assert receiver.texts[-1] == "Later"


def test_a_connection_may_be_closed_by_its_own_thread_while_it_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = webhooks._Connection("http://127.0.0.1:9/in", None)

    class ClosedWhenLookedAt:
        def close(self) -> None: ...

        @property
        def sock(self) -> socket.socket:
            connection.close()
            return closed

    with socket.socket() as closed:
        monkeypatch.setattr(connection, "_open", ClosedWhenLookedAt())
        connection.abort()
    assert connection._open is None
