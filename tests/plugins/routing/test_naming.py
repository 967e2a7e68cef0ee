"""Rules that name an agent, a group or a field are listed before one of them goes."""

from __future__ import annotations

from plugdesk.forms.commands import add_field
from plugdesk.forms.models import FieldKind
from plugdesk.naming import places_naming
from plugdesk.tags.commands import add_tag


def words(places):
    return [each.place.words for each in places]


def test_rules_say_how_they_name_whom(session, form, agent, programmers, commerce, question, rule):
    rule([{"fact": f"field.{question}", "is": "error"}], name="Errors", group_id=programmers.id, watchers=[agent.id])
    own = rule(name="Own", assignee_id=agent.id)
    assert words(places_naming(session, programmers)) == ["Rule “Errors”: it assigns to them"]
    assert words(places_naming(session, agent)) == ["Rule “Errors”: it lets them watch", "Rule “Own”: it assigns to them"]
    assert words(places_naming(session, form.field(question))) == ["Rule “Errors”: its condition asks for it"]
    assert places_naming(session, commerce) == []
    (_watching, assigning) = places_naming(session, agent)
    assert (assigning.place.url, assigning.form) == (f"/forms/{form.slug}/x/routing/rules/{own.id}", form)


def test_rules_that_write_them_into_a_field_or_ask_for_them_there_name_them(session, form, agent, programmers, commerce, rule):
    expert = add_field(session, form, kind=FieldKind.PERSON, label="Expert", by=None).code
    circle = add_field(session, form, kind=FieldKind.GROUP, label="Circle", by=None).code
    rule([{"fact": f"field.{circle}", "is": programmers.id}], name="Theirs", values={expert: agent.id})
    assert words(places_naming(session, agent)) == ["Rule “Theirs”: it sets a field"]
    assert words(places_naming(session, programmers)) == ["Rule “Theirs”: its condition asks for it"]
    assert places_naming(session, commerce) == []


def test_the_pages_on_which_they_go_list_the_rules_first(session, form, admin, agent, client, programmers, question, rule):
    own = rule([{"fact": f"field.{question}", "is": "error"}], name="Errors", group_id=programmers.id, assignee_id=agent.id)
    session.commit()
    client.sign_in(admin)
    for path in (
        f"/people/{agent.id}/deactivation",
        f"/groups/{programmers.id}",
        f"/forms/{form.slug}/fields?open={question}",
    ):
        said = client.get(path).get_data(as_text=True)
        assert f'href="/forms/{form.slug}/x/routing/rules/{own.id}"' in said and "Rule “Errors”" in said


def test_rules_that_put_a_tag_on_or_ask_for_it_name_it(session, rule):
    vip, recall = (add_tag(session, name=name, by=None) for name in ("VIP", "Recall"))
    rule([{"fact": "customer.tag", "in": ["vip"]}], name="Theirs", tags=["recall"])
    assert words(places_naming(session, vip)) == ["Rule “Theirs”: its condition asks for it"]
    assert words(places_naming(session, recall)) == ["Rule “Theirs”: it puts it on"]
