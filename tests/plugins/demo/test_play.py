"""The demo's story is played by the ordinary commands, with all it causes, once, however often it is interrupted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.events import Delivery, Event
from plugdesk.forms.models import OPEN_KINDS, Form
from plugdesk.jobs import Job
from plugdesk.runtime import Runtime
from plugdesk.tags.models import CustomerTag
from plugdesk.tags.queries import all_tags
from plugdesk.tickets.commands import accept
from plugdesk.tickets.models import Message, Reading, Ticket
from plugdesk.users.models import Role, User
from plugdesk_csat.models import Rating
from plugdesk_demo import play as playing
from plugdesk_demo.cast import StepKind
from plugdesk_demo.company import build_company
from plugdesk_demo.models import Play
from plugdesk_demo.play import Superseded, play
from tests.plugins.demo.conftest import open_demo
from tests.support.desk import MONDAY_MORNING

pytestmark = pytest.mark.usefixtures("few_tickets")


@pytest.fixture
def story():
    return build_company("en", 7, MONDAY_MORNING)


@pytest.fixture
def played(played_folder) -> Iterator[Session]:
    """A session on the desk after the whole play."""
    runtime = open_demo(played_folder)
    with runtime.database.read() as session:
        yield session
    runtime.close()


def test_every_ticket_of_the_story_is_there_as_it_was_told(played, story):
    tickets = played.scalars(sa.select(Ticket).order_by(Ticket.created_at)).all()
    assert [(each.subject, each.form.slug) for each in tickets] == [(each.subject, each.form) for each in story.tickets]
    assert [each.created_at for each in tickets] == [each.opened_at for each in story.tickets]
    assert sum(each.status_kind in OPEN_KINDS for each in tickets) == sum(each.is_open for each in story.tickets)


def test_what_people_wrote_is_there_with_its_files_and_at_its_time(played, story):
    said = Counter(each.created_at for each in played.scalars(sa.select(Message).where(Message.author_id.is_not(None))))
    told = [step for step in story.steps if step.kind in (StepKind.LETTER, StepKind.REPLY, StepKind.NOTE)]
    assert said == Counter(step.at for step in told)
    files = sum(len(each.attachments) for each in played.scalars(sa.select(Message)))
    assert files == sum(len(step.attachments) for step in told) > 0


def test_receipts_and_closing_notices_stand_as_sent_at_the_time_of_the_story(played):
    automatic = played.scalars(sa.select(Message).where(Message.kind.in_(("receipt", "closing")))).all()
    assert {each.delivery for each in automatic} == {"sent"}
    assert all(each.created_at < MONDAY_MORNING for each in automatic)
    kinds = Counter(each.kind for each in automatic)
    closings = played.scalar(sa.select(sa.func.count()).where(Event.kind == "ticket_closed"))
    assert (kinds["receipt"], kinds["closing"]) == (20, closings)


def test_marks_are_stored_with_their_comments(played, story):
    given = Counter((step.score, step.text) for step in story.steps if step.kind is StepKind.RATING)
    assert Counter((each.mark, each.comment) for each in played.scalars(sa.select(Rating))) == given
    assert given


def test_nothing_is_left_for_the_workers_of_the_running_desk_but_to_count_the_past(played):
    jobs = played.scalars(sa.select(Job)).all()
    assert [each.kind for each in jobs if each.due_at <= MONDAY_MORNING] == []
    assert {each.kind for each in jobs} == {"automation:due"}  # the rules wait for their time, which is to come
    told = sa.select(Event.kind).join(Delivery, Delivery.event_id == Event.id)
    assert set(played.scalars(told)) == {"extension_enabled"}  # of what looks through the past by itself


def test_rules_act_at_their_time_in_the_story(played):
    closed = played.scalars(sa.select(Event).where(Event.kind == "automation_forgotten")).all()
    statuses = played.scalars(sa.select(Event).where(Event.kind == "status_changed").order_by(Event.id)).all()
    for each in closed:
        done_at = [status.at for status in statuses if status.ticket_id == each.ticket_id and status.at < each.at][-1]
        assert each.at - done_at == timedelta(days=3)
    assert closed


def test_no_worker_takes_what_waits_for_its_moment_in_the_story(founded, story, monkeypatch):
    monkeypatch.setattr(playing, "BATCH_SECONDS", 0.0)
    ruled = {each.key for each in story.tickets if each.form == "support"}
    done = next(place for place, step in enumerate(story.steps, 1) if step.status == "resolved" and step.ticket in ruled)
    batches = count()
    assert not play(founded(), go_on=lambda: next(batches) < done)
    with founded().database.read() as session:
        assert session.scalars(sa.select(Job.due_at).where(Job.state == "ready", Job.due_at <= MONDAY_MORNING)).all() == []
        assert story.steps[done - 1].at + timedelta(days=3) in session.scalars(sa.select(Job.due_at)).all()


def test_fields_of_the_story_are_filled_in(played):
    filled = [each.values for each in played.scalars(sa.select(Ticket)) if set(each.values) - {"priority"}]
    assert len(filled) > 12


def test_agents_have_read_what_is_old_and_not_what_is_new(played):
    admin = played.scalar(sa.select(User).where(User.role == Role.ADMIN))
    read = set(played.scalars(sa.select(Reading.ticket_id).where(Reading.user_id == admin.id)))
    still_open = played.scalars(sa.select(Ticket).where(Ticket.closed_at.is_(None))).all()
    old = {each.id for each in still_open if MONDAY_MORNING - each.spoken_at > playing.READ_AFTER}
    assert old and old <= read
    assert {each.id for each in still_open} - read


def test_an_interrupted_play_goes_on_without_doubling_anything(founded, story, monkeypatch):
    monkeypatch.setattr(playing, "BATCH_SECONDS", 0.05)
    batches = count()
    assert not play(founded(), go_on=lambda: next(batches) < 6)
    runtime = founded()
    with runtime.database.read() as session:
        assert 0 < session.get_one(Play, 0).done < len(story.steps)
    assert play(founded())
    with runtime.database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Ticket)) == len(story.tickets)
        written = session.scalar(sa.select(sa.func.count()).where(Message.author_id.is_not(None)))
    assert written == sum(step.kind in (StepKind.LETTER, StepKind.REPLY, StepKind.NOTE) for step in story.steps)


def test_a_batch_that_fails_leaves_nothing_of_its_steps(founded, monkeypatch):
    def fails(session: Session) -> int:
        raise RuntimeError("the machine went out")

    monkeypatch.setattr(playing, "follow_up", fails)
    with pytest.raises(RuntimeError):
        play(founded())
    with founded().database.read() as session:
        assert session.scalars(sa.select(Ticket)).all() == []
        assert session.get_one(Play, 0).done == 0


def test_of_two_plays_one_stops(founded):
    other = founded()

    def play_besides() -> bool:
        with other.database.write() as session:
            session.get_one(Play, 0).done += 1
        return True

    with pytest.raises(Superseded):
        play(founded(), go_on=play_besides)


def test_a_ticket_somebody_has_taken_meanwhile_is_theirs(founded, monkeypatch):
    monkeypatch.setattr(playing, "BATCH_SECONDS", 0.0)
    visitor, batches, taken = founded(), count(), []

    def take_the_first() -> bool:
        if next(batches) == 1:
            taken.append(_accept_first(visitor))
        return True

    assert play(founded(), go_on=take_the_first)
    with visitor.database.read() as session:
        assert session.get_one(Ticket, taken[0]).assignee.role is Role.ADMIN
        assert session.scalar(sa.select(sa.func.count()).select_from(Ticket)) == 20


def test_a_complete_play_is_not_played_again(played_folder):
    runtime = open_demo(played_folder)
    with runtime.database.read() as session:
        before = session.scalar(sa.select(sa.func.max(Event.id)))
    assert play(runtime)
    with runtime.database.read() as session:
        assert session.scalar(sa.select(sa.func.max(Event.id))) == before
    runtime.close()


def test_the_company_is_founded_once_with_its_extensions_on(founded):
    founded()
    with founded().database.read() as session:
        forms = {form.slug: form.extensions for form in session.scalars(sa.select(Form))}
        people = Counter(each.role for each in session.scalars(sa.select(User)))
    assert forms == {
        "support": ["automation", "contracts", "csat", "email", "faq", "portal", "sla", "telegram", "webform"],
        "repairs": ["csat", "email", "portal", "webform", "workflow"], "billing": ["email"],
    }  # fmt: skip
    assert people == {Role.ADMIN: 1, Role.AGENT: 11, Role.CUSTOMER: 12}


def test_there_is_something_to_look_at_of_what_is_on(founded):
    with founded().database.read() as session:
        tags = [tag.name for tag in all_tags(session)]
        actions = session.scalar(sa.text("SELECT count(*) FROM workflow_action"))
        requests = session.scalar(sa.text("SELECT count(*) FROM webform_form"))
        regulars = session.scalar(sa.select(sa.func.count()).select_from(CustomerTag))
    assert (len(tags), requests) == (4, 2) and actions > 3 and regulars == 2


def _accept_first(runtime: Runtime) -> int:
    with runtime.database.write() as session:
        ticket = session.scalars(sa.select(Ticket)).one()
        accept(session, ticket, session.scalars(sa.select(User).where(User.role == Role.ADMIN)).one())
        return ticket.id
