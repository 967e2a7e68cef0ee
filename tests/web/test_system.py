"""The System page: what gave up, who works, what is red and how it is put right."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session
from webtest import TestApp

from plugdesk.events import Delivery, record
from plugdesk.jobs import Job, JobState, enqueue
from plugdesk.users.models import User
from tests.factories import make_form

Browse = Callable[[User], TestApp]


@pytest.fixture
def browser(admin: User, browse: Browse) -> TestApp:
    return browse(admin)


def form_at(page, path: str):
    return next(form for form in page.forms.values() if form.action == path)


@pytest.fixture
def parked(admin: User, session: Session) -> Job:
    job = enqueue(session, "core:settle", ticket_id=1)
    job.state, job.error, job.failures, job.finished_at = JobState.PARKED, "The mailbox is full", 8, job.created_at
    session.commit()
    return job


def test_a_parked_job_says_why_and_runs_again(browser: TestApp, parked: Job, session: Session) -> None:
    page = browser.get("/system")
    assert "The mailbox is full" in page.html.find(id="parked").text
    form_at(page, f"/system/jobs/{parked.id}/run").submit(status=303)
    session.refresh(parked)
    assert (parked.state, parked.failures) == (JobState.READY, 0)


def test_news_an_extension_could_not_take_is_told_again(browser: TestApp, session: Session) -> None:
    event = record(session, "form_added", name="x")
    session.flush()
    delivery = Delivery(event_id=event.id, plugin="email", form_id=0, state="parked", tries=8, due_at=event.at, error="It broke")
    session.add(delivery)
    session.commit()
    page = browser.get("/system")
    assert "It broke" in page.html.find(id="untold").text
    form_at(page, f"/system/deliveries/{delivery.id}/telling").submit(status=303)
    session.refresh(delivery)
    assert (delivery.state, delivery.tries) == ("waiting", 0)


def test_when_work_waits_and_nobody_works_the_page_says_what_to_start(browser: TestApp, session: Session) -> None:
    assert "Nobody works." not in browser.get("/system").text
    enqueue(session, "core:settle", ticket_id=1)
    session.commit()
    assert "plugdesk worker" in browser.get("/system").text


def test_it_names_versions_and_the_database(browser: TestApp) -> None:
    text = browser.get("/system").html.find(id="versions").text
    assert "Python" in text
    assert "SQLite" in text or "PostgreSQL" in text


def test_over_plain_http_it_warns(admin: User, app, session: Session) -> None:
    from plugdesk.sessions import sign_in

    token = sign_in(session, admin)
    session.commit()
    browser = TestApp(app, extra_environ={"HTTP_HOST": "desk.example"})
    browser.set_cookie("plugdesk", token)
    assert "Cookies are not secure." in browser.get("/system").text


def test_over_https_it_does_not(browser: TestApp) -> None:
    assert "Cookies are not secure." not in browser.get("/system").text


def test_a_red_mailbox_stands_above_with_its_remedy(
    browser: TestApp, runtime, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    from plugdesk.contributions import HealthLine
    from plugdesk.plugins.switch import enable_plugin

    form = make_form(session)
    enable_plugin(session, form, "email", None)
    session.commit()
    said = runtime.registry.implementation("health", "email")
    told = [HealthLine("help@desk.example", "not working", "The server refuses the password. Enter the new one.")]
    monkeypatch.setattr(
        type(runtime.executor), "ask", lambda self, plugin, hook, scope, session, **given: told if hook == "health" else None
    )
    page = browser.get("/system")
    assert said is not None
    assert "refuses the password" in page.html.find("div", class_="banner").text
    assert f"/forms/{form.slug}/x/email" in str(page.html.find("div", class_="banner"))
