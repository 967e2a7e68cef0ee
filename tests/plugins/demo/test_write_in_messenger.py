"""Writing in a messenger: a chat with the demo's bot on one page, and the desk at the other end of Telegram's protocol."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from webtest import TestApp, Upload

from plugdesk.app import create_app
from plugdesk.clock import MovableClock
from plugdesk.forms.models import StatusKind
from plugdesk.plugins.switch import disable_plugin
from plugdesk.runtime import Runtime
from plugdesk.sessions import sign_in
from plugdesk.testing.messenger import picture
from plugdesk.tickets.attachments import NewFile
from plugdesk.tickets.commands import accept, become
from plugdesk.tickets.correspondence import reply_to_ticket
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import Role, User
from plugdesk.worker import Worker
from plugdesk_csat.models import Rating
from plugdesk_demo import messenger
from plugdesk_demo.messenger import keep_messenger, open_messenger
from plugdesk_demo.models import PlayedBot, PlayedPerson
from plugdesk_telegram.listen import listen
from tests.plugins.demo.conftest import open_demo
from tests.support.processes import until

EMMA = 5_200_000_001  # the first of those who are nobody's customers yet


@contextmanager
def running(runtime: Runtime) -> Iterator[None]:
    """The services of a demo: its messenger, and the desk that listens to it."""
    stop = threading.Event()
    services = [threading.Thread(target=service, args=(runtime, stop)) for service in (keep_messenger, listen)]
    for service in services:
        service.start()
    try:
        until(lambda: open_messenger() is not None)
        yield
    finally:
        stop.set()
        for service in services:
            service.join()


@pytest.fixture
def folder(played_folder: Path, tmp_path: Path) -> Path:
    """A demo's folder whose story is complete."""
    return Path(shutil.copytree(played_folder, tmp_path / "demo"))


@pytest.fixture
def desk(folder: Path) -> Iterator[Runtime]:
    """Its desk, with the messenger."""
    runtime = open_demo(folder)
    with running(runtime):
        yield runtime
    runtime.close()


@pytest.fixture
def browser(desk: Runtime) -> TestApp:
    """The administrator's browser."""
    return _browser(desk)


@pytest.fixture
def work(desk: Runtime) -> Callable[[], None]:
    """`work()`: the desk has fetched what was written, and done all that follows."""
    worker = Worker(desk, "test")

    def work() -> None:
        found = open_messenger()
        assert found is not None
        worker.run_due()
        assert found.server.wait_for(lambda: not found.server.pending(found.token), 20)
        worker.run_due()

    work()
    return work


def test_words_with_a_photo_become_a_ticket_and_its_receipt_comes_back(browser, desk, work):
    _say(browser, "The drawer stays shut", Upload("drawer.png", picture(), "image/png"))
    work()
    with desk.database.read() as session:
        ticket = _latest(session)
        assert (ticket.customer.name, ticket.form.slug, ticket.channel) == ("Emma Clark", "support", "telegram")
        assert [each.type for each in ticket.messages[0].attachments] == ["image/png"]
        receipt = f"We have received your request {ticket.number}"
    chat = _page(browser)
    assert receipt in chat.text
    shown = browser.get(chat.html.find(class_="photos").img["src"])
    assert (shown.body, shown.content_type) == (picture(), "image/png")
    assert "sandbox" in shown.headers["Content-Security-Policy"]


def test_several_pictures_are_an_album_and_other_files_follow(browser, desk):
    pictures = [Upload(f"{shade}.png", picture(shade=shade), "image/png") for shade in (10, 90)]
    _say(browser, "Both", *pictures, Upload("log.txt", b"beep", "text/plain"))
    bubbles = _page(browser).html.find_all("li", attrs={"data-own": "yes"})[1:]  # after /start
    assert [(len(each.find_all("img")), len(each.find_all(class_="file"))) for each in bubbles] == [(2, 0), (0, 1)]
    file = browser.get(bubbles[1].find(class_="file")["href"])
    assert (file.body, file.content_type) == (b"beep", "application/octet-stream")
    assert file.headers["Content-Disposition"].startswith("attachment")


def test_a_picture_that_could_act_is_a_download(browser):
    _say(browser, "", Upload("photo.png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/png"))
    page = _page(browser)
    assert page.html.find(class_="photos") is None
    assert browser.get(page.html.find(class_="file")["href"]).content_type == "application/octet-stream"


def test_an_agents_answer_with_a_file_is_seen_in_the_chat(browser, desk, work):
    _say(browser, "The drawer stays shut")
    work()
    with desk.database.write() as session:
        files = [NewFile("steps.txt", b"1. Press", "text/plain")]
        reply_to_ticket(session, _latest(session), _admin(session), body="<p>Press the <b>lock</b>.</p>", files=files)
    work()
    answer = _page(browser).html.find_all("li", attrs={"data-own": "no"})[-1]
    assert str(answer.find(class_="words")) == '<div class="words">Press the <b>lock</b>.</div>'
    assert "steps.txt" in answer.text


def test_an_own_message_is_corrected_on_the_desk_too(browser, desk, work):
    _say(browser, "The drwer stays shut")
    work()
    edit = _page(browser).html.find_all("a", href=lambda target: target and "edit=" in target)[-1]
    page = browser.get(edit["href"])
    form = next(form for name, form in page.forms.items() if str(name).startswith("change-"))
    assert form["text"].value.strip() == "The drwer stays shut"
    form["text"] = "The drawer stays shut"
    form.submit(status=303)
    work()
    assert [bubble.text for bubble in _page(browser).html.find_all(class_="about") if "edited" in bubble.text]
    with desk.database.read() as session:
        assert _latest(session).messages[0].text == "The drawer stays shut"


def test_a_rating_is_a_press_and_the_next_words_are_its_comment(browser, desk, work):
    _say(browser, "The drawer stays shut")
    work()
    with desk.database.write() as session:
        ticket, agent = _latest(session), _admin(session)
        accept(session, ticket, agent)
        become(session, ticket, StatusKind.RESOLVED, by=agent)
    work()
    form = next(each for each in _page(browser).forms.values() if each.action.endswith("/presses"))
    labels = [button.text for button in _page(browser).html.find(class_="presses").find_all("button")]
    form.submit("button", value=labels[0], status=303)
    work()
    page = _page(browser)
    assert [button.text for button in page.html.find(class_="presses").find_all("button")] == [f"✓ {labels[0]}"]
    assert "your next message is the comment" in page.html.find(class_="answer").text
    _say(browser, "Quick and kind")
    work()
    with desk.database.read() as session:
        rating = session.scalars(sa.select(Rating).order_by(Rating.id.desc())).first()
        assert (rating.mark, rating.comment, rating.ticket_id) == (5, "Quick and kind", _latest(session).id)


def test_a_blocked_bot_cannot_write_and_one_cannot_write_to_it(browser, desk, work):
    _say(browser, "The drawer stays shut")
    work()
    _press(browser, "blocking")
    page = _page(browser)
    assert "say" not in page.forms and "Unblock the bot" in page.html.find(id="writing").text
    with desk.database.write() as session:
        reply_to_ticket(session, _latest(session), _admin(session), body="<p>Hello?</p>")
    work()
    assert "Hello?" not in _page(browser).text
    _press(browser, "blocking/removal")
    assert "say" in _page(browser).forms


def test_the_own_number_is_shared(browser, desk, work):
    _say(browser, "The drawer stays shut")
    _press(browser, "contact")
    work()
    with desk.database.read() as session:
        phone = session.get_one(PlayedPerson, EMMA).phone
        assert _latest(session).customer.address("phone") == phone


def test_what_cannot_be_sent_is_said_and_kept(browser):
    _start(browser)
    form = _page(browser).forms["say"]
    assert "Write something first." in form.submit(status=422).text
    form["text"] = "a" * 5_000
    answer = form.submit(status=422)
    assert "too long for a messenger" in answer.text
    assert answer.forms["say"]["text"].value.strip() == "a" * 5_000


def test_what_people_write_stays_text(browser):
    _say(browser, "<script>alert(1)</script> <b>x</b>\nsee https://shop.example/a?b=1&c")
    words = _page(browser).html.find_all(class_="words")[-1]
    assert words.find("script") is None and words.find("b") is None
    assert words.a["href"] == "https://shop.example/a?b=1&c"


def test_the_chat_answers_nothing_while_nothing_is_new(browser):
    _start(browser)
    chat = _page(browser).html.find(id="chat")
    assert browser.get(chat["hx-get"]).status_code == 204
    _say(browser, "Hello")
    assert "Hello" in browser.get(chat["hx-get"]).text


def test_somebody_new_can_be_played(browser, desk):
    form = next(each for each in browser.get("/x/demo/messenger").forms.values() if "name" in each.fields)
    form["name"] = "Ida van Dyk"
    page = form.submit(status=303).follow()
    assert page.html.find("option", selected=True).text == "Ida van Dyk"
    form["name"] = ""
    assert "Give the new person a name" in form.submit(status=422).text


def test_after_a_restart_bot_people_and_chats_are_the_same(folder):
    (token, _words, _kept), (same_token, words, kept) = [_say_after_a_start(folder, hours) for hours in (0, 1)]
    assert same_token == token
    assert (words[0], words[-1]) == (kept[0], kept[-1]) == ("Words of hour 0", "Words of hour 1")


def test_the_storys_chats_are_on_the_telephones_of_its_people(browser, desk):
    with desk.database.read() as session:
        ticket = session.scalars(sa.select(Ticket).where(Ticket.channel == "telegram")).first()
        number = next(each.value for each in ticket.customer.identities if each.channel == "telegram")
        first = ticket.messages[0].text.splitlines()[-1]
    page = browser.get("/x/demo/messenger", params={"person": number})
    assert first in page.text


def test_an_open_ticket_of_the_story_can_be_answered_in_its_chat(browser, desk, work):
    with desk.database.write() as session:
        ticket = session.scalars(sa.select(Ticket).where(Ticket.channel == "telegram")).first()
        number = next(each.value for each in ticket.customer.identities if each.channel == "telegram")
        reply_to_ticket(session, ticket, _admin(session), body="<p>We are at it.</p>")
    work()
    assert "We are at it." in browser.get("/x/demo/messenger", params={"person": number}).text


def test_where_telegram_is_off_the_page_says_so_and_how_to_switch_it_on(browser, desk):
    with desk.database.write() as session:
        disable_plugin(session, messenger.form_of_bot(session), "telegram", None)
    page = browser.get("/x/demo/messenger")
    assert "Telegram is off" in page.text and page.html.find(id="phone") is None
    assert browser.get(page.html.find("a", string="To its extensions")["href"]).status_code == 200


def test_without_the_extension_there_is_nothing_of_a_messenger(browser, desk):
    del desk.registry.channels["telegram"]
    assert browser.get("/x/demo/").html.find("nav", attrs={"aria-label": "Ways to write"}) is None
    assert "The extension Telegram is not installed" in browser.get("/x/demo/messenger").text


def test_the_page_is_for_agents_alone(desk, browser):
    stranger = TestApp(browser.app, extra_environ=browser.extra_environ)
    assert stranger.get("/x/demo/messenger", status=303).location.endswith("/sign-in?next=/x/demo/messenger")


def test_a_demo_founded_before_there_was_a_messenger_gets_one(folder):
    runtime = open_demo(folder)
    with runtime.database.write() as session:
        session.execute(sa.delete(PlayedBot))
        session.execute(sa.delete(PlayedPerson))
    with running(runtime), runtime.database.read() as session:
        assert session.get_one(PlayedBot, 0).token
        assert EMMA in session.scalars(sa.select(PlayedPerson.number)).all()
    runtime.close()


def _say_after_a_start(folder: Path, hours: int) -> tuple[str, list[str], list[str]]:
    """Start the demo so much later and say something: the bot's token, what is seen in the chat, what the ticket holds."""
    runtime = open_demo(folder)
    assert isinstance(runtime.clock, MovableClock)
    runtime.clock.advance(hours=hours)
    with running(runtime):
        found, worker, browser = open_messenger(), Worker(runtime, "test"), _browser(runtime)
        assert found is not None
        _say(browser, f"Words of hour {hours}")
        worker.run_due()
        until(lambda: not found.server.pending(found.token))
        worker.run_due()
        words = [each.text for each in _page(browser).html.find_all(class_="words") if each.text != "/start"]
        with runtime.database.read() as session:
            kept = [message.text for message in _latest(session).messages]
    runtime.close()
    return found.token, words, kept


def _browser(desk: Runtime) -> TestApp:
    environ = {"wsgi.url_scheme": "https", "HTTP_HOST": "desk.example", "REMOTE_ADDR": "192.0.2.7"}
    browser = TestApp(create_app(desk), extra_environ=environ)
    with desk.database.write() as session:
        browser.set_cookie("__Host-plugdesk", sign_in(session, _admin(session)))
    return browser


def _page(browser: TestApp):
    return browser.get("/x/demo/messenger", params={"person": str(EMMA)})


def _press(browser: TestApp, what: str) -> None:
    form = next(each for each in _page(browser).forms.values() if each.action.endswith(f"{EMMA}/{what}"))
    form.submit(status=303)


def _start(browser: TestApp) -> None:
    if "say" not in _page(browser).forms:
        _press(browser, "start")


def _say(browser: TestApp, text: str, *files: Upload) -> None:
    _start(browser)
    form = _page(browser).forms["say"]
    form["text"], form["files"] = text, list(files)
    form.submit(status=303)


def _latest(session: Session) -> Ticket:
    return session.scalars(sa.select(Ticket).order_by(Ticket.id.desc())).first()


def _admin(session: Session) -> User:
    return session.scalars(sa.select(User).where(User.role == Role.ADMIN)).one()
