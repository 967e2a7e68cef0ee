"""The pages of own automations: made, changed, ordered, rested and removed; refused and kept; tried; what they did; why."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from selectolax.lexbor import LexborHTMLParser

from plugdesk.tags.commands import add_tag
from plugdesk.tickets.correspondence import Said, receive_message
from plugdesk.tickets.models import Direction, Message
from plugdesk_automation.own.models import Automation, OwnRun, OwnSet, Rehearsal
from plugdesk_automation.own.reading import automations_of
from tests.factories import make_admin, make_agent, make_group
from tests.support.queries import queries

PLACE = "/forms/support/x/automation/own"
NOTE = {"do-row": "0", "do-0-kind": "note", "do-0-text-here": "1", "do-0-text": "Seen: ${ticket:subject}"}


@pytest.fixture
def head(session, form, ctx, client):
    """Who configures the form, signed in."""
    head = make_agent(session, form, name="Hedda Head", is_admin=True)
    add_tag(session, name="VIP", by=make_admin(session))
    session.commit()
    client.sign_in(head)
    return head


def sent(**changes):
    """What the page sends: a note on each ticket that is opened."""
    return {
        "name": "Tills",
        "starts": "event",
        "events": ["ticket_opened"],
        "when-0-join": "all",
        "is_on": "1",
        **NOTE,
        **changes,
    }


def about(text):
    """What the page sends for the condition that the subject has `text` in it."""
    return {"when-row": "0.0", "when-0.0-fact": "ticket.subject", "when-0.0-operator": "contains", "when-0.0-value": text}


def words_of(answer):
    return " ".join(LexborHTMLParser(answer.get_data(as_text=True)).body.text(separator=" ").split())


def stored(session, ctx):
    session.expire_all()
    return list(automations_of(ctx))


def test_one_is_made_and_acts(session, ctx, head, client, open_one, done):
    assert client.post(f"{PLACE}/", data=sent(**about("till"))).status_code == 303
    (row,) = stored(session, ctx)
    assert row.does == [{"kind": "note", "options": {"text": "Seen: ${ticket:subject}"}}]
    listed = words_of(client.get(f"{PLACE}/"))
    assert "When a ticket is opened → if Subject contains “till” → then write a note" in listed
    ticket = open_one("The till beeps")
    assert done(ticket) == [("Tills", "")]
    runs = words_of(client.get(f"{PLACE}/runs"))
    assert "The till beeps" in runs and "write a note" in runs
    seen = words_of(client.get(f"/tickets/{ticket.number}"))
    assert "Automation “Tills”: write a note" in seen and "The till beeps" in seen


def test_every_kind_of_start_and_deed_comes_back_as_it_was_saved(session, ctx, form, head, group, client):
    ways = {
        "assign": {"to": f"group:{group.id}"}, "status": {"status": "in_progress", "quietly": "1"}, "tags_on": {"tags": "vip"},
        "tags_off": {"tags": "vip"}, "watch": {"people": str(head.id)}, "customer": {"text": "Thank you."},
        "people": {"to": "supervisor", "addresses": "boss@desk.example", "subject": "", "text": "Look: ${automation:link}"},
        "subtask": {"to": f"group:{group.id}", "subject": "Look", "text": "Please."}, "webhook": {"url": "https://hooks.example/in"},
        "field:priority": {"value": "high"},
    }  # fmt: skip
    does: dict[str, object] = {"do-row": [str(number) for number in range(len(ways))]}
    for number, (kind, options) in enumerate(ways.items()):
        does |= {f"do-{number}-kind": kind} | {f"do-{number}-{name}": given for name, given in options.items()}
        does |= {f"do-{number}-{name}-here": "1" for name in options}
    starts = {"starts": "time", "amount": "3", "unit": "days", "counting": "hours", "since": "status"}
    answer = client.post(f"{PLACE}/", data={"name": "", "when-0-join": "all", **starts, **does})
    assert answer.status_code == 303, words_of(answer)
    (row,) = stored(session, ctx)
    assert [each["kind"] for each in row.does] == list(ways) and not row.is_on and row.name.startswith("Assign it to Technicians")
    before = (row.starts, row.does, row.version)
    page = LexborHTMLParser(client.get(f"{PLACE}/{row.id}").get_data(as_text=True))
    again = _typed(page)
    assert client.post(f"{PLACE}/{row.id}", data=again).status_code == 303
    (row,) = stored(session, ctx)
    assert (row.starts, row.does) == before[:2], "saved as it was shown, it is the same"
    schedule = {"starts": "schedule", "every": "month", "hour": "7", "weekday": "0", "day": "31", "version": str(row.version)}
    assert client.post(f"{PLACE}/{row.id}", data=sent(**schedule)).status_code == 303
    assert "Runs next" in words_of(client.get(f"{PLACE}/"))


def _typed(page):
    """What a browser would send of the page's form."""
    found: dict[str, list[str]] = {}
    for control in page.css("main form input, main form select, main form textarea"):
        name = control.attributes.get("name")
        if not name or (control.attributes.get("type") in ("checkbox", "radio") and "checked" not in control.attributes):
            continue
        if control.tag == "select":
            chosen = control.css_first("option[selected]") or control.css_first("option")
            value = chosen.attributes.get("value", "")
        else:
            value = control.text() if control.tag == "textarea" else control.attributes.get("value") or ""
        found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"events": []}, "Choose what it runs at."),
        ({"starts": "never"}, "Choose when it runs."),
        ({"starts": "time", "amount": "0", "unit": "hours", "since": "said"}, "Write a whole number from 1"),
        ({"starts": "time", "amount": "1", "unit": "years", "since": "said"}, "Choose what the time counts from"),
        ({"starts": "schedule", "every": "day", "hour": "24"}, "Choose the days and the hour at which it runs."),
        ({"do-row": []}, "Say what it does."),
        ({"do-0-text": " "}, "Write something here."),
        ({"do-0-text": "${ticket:colour}"}, "ticket:colour"),
        ({"do-0-kind": "people", "do-0-to": []}, "Say whom the letter goes to."),
        ({"do-0-kind": "people", "do-0-addresses": "nobody"}, "A letter cannot go to “nobody”."),
        ({"do-0-kind": "assign", "do-0-to": "person:0"}, "Choose somebody who works on “Support”."),
        ({"do-0-kind": "webhook", "do-0-url": "hooks"}, "Give an address like https://example.org/hook"),
        ({"do-0-kind": "no such"}, "Choose what it does."),
        ({"when-row": "0.0", "when-0.0-fact": ""}, "Choose what is compared"),
    ],
)
def test_what_cannot_be_is_refused_and_kept(session, ctx, head, client, changes, says):
    refused = client.post(f"{PLACE}/", data=sent(name="Kept so", **changes))
    assert refused.status_code == 422, words_of(refused)
    assert says in words_of(refused) and 'value="Kept so"' in refused.get_data(as_text=True)
    assert stored(session, ctx) == []


def test_rows_are_added_moved_and_taken_off_without_saving(session, ctx, head, client):
    added = client.post(f"{PLACE}/", data=sent(**{"do-do": "add", "do-kind": "webhook"})).get_data(as_text=True)
    assert 'name="do-0-text"' in added and 'name="do-1-url"' in added
    two = {"do-row": ["0", "1"], "do-1-kind": "customer", "do-1-text": "Thank you."}
    moved = LexborHTMLParser(client.post(f"{PLACE}/", data=sent(**two, **{"do-do": "up:1"})).get_data(as_text=True))
    assert [each.text() for each in moved.css("#do textarea")] == ["Thank you.", "Seen: ${ticket:subject}"]
    gone = LexborHTMLParser(client.post(f"{PLACE}/", data=sent(**two, **{"do-do": "remove:0"})).get_data(as_text=True))
    assert [each.text() for each in gone.css("#do textarea")] == ["Thank you."]
    assert stored(session, ctx) == []


def test_the_second_of_two_is_told_what_the_first_saved(session, ctx, head, client, make):
    row = make(("note", {"text": "Seen"}), name="Mine")
    version = str(row.version)
    assert client.post(f"{PLACE}/{row.id}", data=sent(name="First", version=version)).status_code == 303
    late = client.post(f"{PLACE}/{row.id}", data=sent(name="Second", version=version))
    assert late.status_code == 409 and 'value="Second"' in late.get_data(as_text=True)
    compared = LexborHTMLParser(late.get_data(as_text=True)).css_first("table.diff").text(separator=" ")
    assert "Second" in compared and "First" in compared and "Text" not in compared, "what both have is not told"
    drawn = client.post(f"{PLACE}/{row.id}", data=sent(name="Second", version=version, **{"do-do": "add", "do-kind": "customer"}))
    assert f'name="version" value="{version}"' in drawn.get_data(as_text=True), "a page drawn anew stays as old as it was"
    assert stored(session, ctx)[0].name == "First"


def test_they_are_ordered_rested_and_removed(session, ctx, head, client, make):
    first, second = (make(("note", {"text": name}), name=name).id for name in ("One", "Two"))
    client.post(f"{PLACE}/{second}/move", data={"by": "up"})
    assert [each.name for each in stored(session, ctx)] == ["Two", "One"]
    assert client.post(f"{PLACE}/order", data={"order": [first, second]}).status_code == 204
    assert [each.name for each in stored(session, ctx)] == ["One", "Two"]
    assert client.post(f"{PLACE}/order", data={"order": [first]}).status_code == 409
    client.post(f"{PLACE}/{first}/switch", data={})
    client.post(f"{PLACE}/pause", data={})
    assert [each.is_on for each in stored(session, ctx)] == [False, True] and not session.scalars(sa.select(OwnSet)).one().is_on
    assert "All are paused." in words_of(client.get(f"{PLACE}/"))
    client.post(f"{PLACE}/{first}/removal", data={})
    assert [each.name for each in stored(session, ctx)] == ["Two"]
    assert client.get(f"{PLACE}/{first}").status_code == 404


def test_limits_are_kept_or_refused(session, ctx, head, client):
    limits = {"letters": "5", "changes": "20", "depth": "1"}
    assert client.post(f"{PLACE}/limits", data=limits).status_code == 303
    refused = client.post(f"{PLACE}/limits", data=limits | {"letters": "many"})
    assert refused.status_code == 422 and 'value="many"' in refused.get_data(as_text=True)
    session.expire_all()
    whole = session.scalars(sa.select(OwnSet)).one()
    assert (whole.letters, whole.changes, whole.depth) == (5, 20, 1)


def test_it_is_tried_on_a_ticket_and_nothing_is_done(session, ctx, head, client, open_one):
    ticket = open_one("The till beeps")
    held = words_of(client.post(f"{PLACE}/test", data=sent(**about("till"), ticket=str(ticket.number))))
    assert "The condition holds" in held and "It would do: write a note" in held
    other = words_of(client.post(f"{PLACE}/test", data=sent(**about("printer"), ticket=f"#{ticket.number}")))
    assert "The condition does not hold" in other and "“The till beeps”" in other
    lost = client.post(f"{PLACE}/test", data=sent(ticket="999999"))
    assert lost.status_code == 422 and "“Support” has no ticket 999999." in words_of(lost)
    assert stored(session, ctx) == [] and session.scalars(sa.select(OwnRun)).all() == []


def test_it_is_rehearsed_changed_and_saved(session, ctx, head, client, open_one):
    open_one("The till beeps")
    begun = client.post(f"{PLACE}/rehearsals", data=sent(**about("till"), days="7"))
    assert begun.status_code == 303 and stored(session, ctx) == []
    shown = words_of(client.get(begun.location))
    assert "It would have run 1 time. 0 letters would have been written." in shown and "The till beeps" in shown
    rehearsal = session.scalars(sa.select(Rehearsal)).one()
    further = client.get(f"{PLACE}/new?rehearsal={rehearsal.id}").get_data(as_text=True)
    assert 'value="Tills"' in further and 'value="till"' in further
    assert client.post(f"{begun.location}/stop", data={}).status_code == 303, "it is over: nothing to stop"
    assert client.post(f"{begun.location}/saving", data={}).status_code == 303
    (row,) = stored(session, ctx)
    again = client.post(
        f"{PLACE}/rehearsals", data=sent(**about("printer"), days="7", automation=str(row.id), version=str(row.version))
    )
    assert "It would not have run once." in words_of(client.get(again.location))
    client.post(f"{PLACE}/{row.id}", data=sent(name="Another's", version=str(row.version)))
    late = client.post(f"{again.location}/saving", data={})
    assert late.status_code == 409 and stored(session, ctx)[0].name == "Another's"


def test_the_ticket_says_why(session, ctx, head, client, make, open_one):
    make(("note", {"text": "Seen"}), condition={"all": [{"fact": "ticket.subject", "contains": "till"}]}, name="Tills")
    ticket = open_one("The till beeps")
    panel = words_of(client.get(f"/tickets/{ticket.number}"))
    assert "Tills" in panel and "Subject contains “till”" in panel


def test_what_went_wrong_stands_in_the_list_of_runs(session, ctx, head, client, make, open_one, run_jobs):
    make(("customer", {"text": "Thank you."}), starts={"kind": "event", "events": ["message_received"]}, name="Thanks")
    ticket = open_one()
    said = Said(text="I am away", kind="auto-reply")
    receive_message(session, ticket, ticket.customer, said=said, channel="email")
    run_jobs()
    assert "what came last was written by a program" in words_of(client.get(f"{PLACE}/runs"))
    sent_out = session.scalars(sa.select(Message).where(Message.direction == Direction.OUTGOING)).all()
    assert not [each for each in sent_out if each.reason == "Thanks"]
    only = session.scalars(sa.select(Automation.id)).one()
    assert "Thanks" in words_of(client.get(f"{PLACE}/runs?automation={only}"))
    assert "Nothing was done yet" in words_of(client.get(f"{PLACE}/runs?automation=0"))


def test_a_list_of_many_asks_no_more_than_a_list_of_few(session, ctx, head, client, make, agent):
    group = make_group(session, agent, name="Technicians")
    session.commit()

    def add(number):
        does = (
            ("tags_on", {"tags": ["vip"]}), ("tags_off", {"tags": ["vip"]}), ("assign", {"to": f"group:{group.id}"}),
            ("watch", {"people": [str(agent.id)]}), ("subtask", {"to": f"person:{agent.id}", "subject": "Look", "text": "Please."}),
        )  # fmt: skip
        starts = {"kind": "schedule", "every": "day", "hour": 9, "weekday": 0, "day": 1}
        make(*does, name=f"Number {number}", starts=starts, condition={"all": [{"fact": "ticket.tag", "in": ["vip"]}]})

    def asked():
        session.expire_all()
        with queries() as found:
            assert "Technicians" in words_of(client.get(f"{PLACE}/"))
        return len(found)

    add(1)
    asked()  # the first page of all fills what is kept
    few = asked()
    for number in range(2, 6):
        add(number)
    assert asked() == few
