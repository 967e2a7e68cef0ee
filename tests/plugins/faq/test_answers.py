"""Writing, changing and finding answers, and making articles of them."""

import pytest

from plugdesk.api import Conflict, Invalid, NotAllowed, NotFound, Role
from plugdesk.testing.desks import add_staff
from plugdesk_faq import commands, publishing
from plugdesk_faq.commands import AnswerInput
from plugdesk_faq.models import State
from plugdesk_faq.publishing import ArticleInput
from plugdesk_faq.queries import answer_for, answers_for, article_html, offered_answers, versions_of
from plugdesk_faq.rights import can_change, can_read


def test_an_answer_is_cleaned_and_found_by_another_form_of_its_word(answer, session, admin):
    written = answer("Refunds", '<p onclick="x()">Your invoices</p><script>alert(1)</script>')
    assert written.body == "<p>Your invoices</p>"
    assert [each.id for each in answers_for(session, admin, "refund invoice")] == [written.id]
    assert answers_for(session, admin, "telephone") == []


@pytest.mark.parametrize(
    "wrong, control",
    [
        ({"name": " "}, "name"),
        ({"name": "n" * 151}, "name"),
        ({"body": "<p> </p>"}, "body"),
        ({"body": "<p>${customer:nam}</p>"}, "body"),
        ({"language": "xx"}, "language"),
        ({"folder_id": 99}, "folder"),
        ({"everywhere": False}, "forms"),
    ],
)
def test_what_is_wrong_is_said_at_its_control(faq, admin, wrong, control):
    with pytest.raises(Invalid) as refusal:
        commands.write_answer(faq, AnswerInput(**{"name": "Refund", "body": "<p>Yes</p>", "shared": True, **wrong}), by=admin)
    assert control in refusal.value.problems


def test_an_agents_own_answer_is_nobody_elses(answer, session, agent, admin, form):
    own = answer("Mine", by=agent, shared=False)
    assert can_read(session, agent, own) and can_change(session, agent, own)
    assert not can_read(session, admin, own)
    assert answers_for(session, admin) == [] and offered_answers(session, form, admin) == []
    with pytest.raises(NotFound):
        answer_for(session, admin, own.id)


def test_shared_answers_are_written_by_those_who_configure_every_form_they_are_for(faq, answer, session, agent, form, other_form):
    with pytest.raises(NotAllowed):
        answer(by=agent)
    keeper = add_staff(session, "Kim Osei", Role.AGENT, form, is_admin=True)
    session.commit()
    with pytest.raises(NotAllowed):
        answer(by=keeper)
    with pytest.raises(NotAllowed):
        answer(by=keeper, everywhere=False, form_ids=[form.id, other_form.id])
    own = answer(by=keeper, everywhere=False, form_ids=[form.id])
    assert can_change(session, keeper, own) and not can_change(session, agent, own) and can_read(session, agent, own)


def test_an_answer_for_one_form_is_offered_there_alone(answer, session, enable, admin, form, other_form):
    enable("faq", on=other_form)
    here, all_over = answer("Here", everywhere=False, form_ids=[form.id]), answer("All over")
    assert {each.id for each in offered_answers(session, form, admin)} == {here.id, all_over.id}
    assert [each.id for each in offered_answers(session, other_form, admin)] == [all_over.id]


def test_the_customers_language_ones_own_and_the_most_used_come_first(faq, answer, session, agent, form):
    answer("German", language="ru")
    rare, own = answer("Rare", language="en"), answer("Own", by=agent, shared=False)
    often = answer("Often")
    commands.use_answer(faq, often, by=agent)
    names = [each.name for each in offered_answers(session, form, agent, language="en")]
    assert names == [own.name, often.name, rare.name, "German"]


def test_a_changed_answer_keeps_what_it_said_and_a_second_editor_is_told(faq, answer, session, admin):
    row = answer("Refund", "<p>Monday</p>")
    commands.change_answer(faq, row, AnswerInput("Refund", "<p>Tuesday</p>", shared=True), by=admin, revision=1)
    with pytest.raises(Conflict):
        commands.change_answer(faq, row, AnswerInput("Refund", "<p>Sunday</p>", shared=True), by=admin, revision=1)
    assert [(each.number, each.body) for each in versions_of(session, row)] == [(2, "<p>Tuesday</p>"), (1, "<p>Monday</p>")]


def test_an_article_has_an_address_that_stays_and_says_nothing_of_a_customer(faq, answer, session, admin):
    row = answer("Refund", "<p>Dear ${customer:name},</p><p>Money comes back in a week.</p>")
    publishing.set_article(faq, row, ArticleInput("When is my money back?"), by=admin, revision=1)
    publishing.set_article(faq, row, ArticleInput("Refunds", state=State.PUBLISHED), by=admin, revision=2)
    assert (row.article.slug, row.article.state) == ("when-is-my-money-back", State.PUBLISHED)
    assert row.article.published_at == faq.now
    assert article_html(row) == "<p>Money comes back in a week.</p>"
    publishing.withdraw_article(faq, row, by=admin)
    session.commit()
    assert row.article is None


def test_an_agents_own_answer_is_no_article(faq, answer, agent):
    own = answer(by=agent, shared=False)
    with pytest.raises(Invalid):
        publishing.set_article(faq, own, ArticleInput("Refunds"), by=agent, revision=1)


def test_a_deleted_folder_leaves_its_answers(faq, answer, session, admin):
    folder = commands.add_folder(faq, "Payments", shared=True, by=admin)
    row = answer(folder_id=folder.id)
    commands.delete_folder(faq, folder, by=admin)
    session.commit()
    session.refresh(row)
    assert row.folder_id is None


def test_answers_move_in_order(faq, answer, session, admin):
    first, second, third = (answer(name) for name in ("A", "B", "C"))
    commands.put_in_order(faq, [str(third.id), str(first.id), str(second.id), "x", "999"], by=admin)
    session.commit()
    assert [each.name for each in answers_for(session, admin)] == ["C", "A", "B"]


def test_categories_are_named_ordered_and_deleted_without_their_articles(faq, answer, session, admin, agent):
    money = publishing.add_category(faq, {"en": "Money", "ru": "Деньги"}, by=admin)
    ways = publishing.add_category(faq, {"en": "Delivery"}, by=admin)
    assert (money.slug, money.name_in("ru"), ways.name_in("ru")) == ("money", "Деньги", "Delivery")
    with pytest.raises(NotAllowed):
        publishing.add_category(faq, {"en": "Other"}, by=agent)
    row = answer()
    publishing.set_article(faq, row, ArticleInput("Refunds", category_id=money.id), by=admin, revision=1)
    publishing.delete_category(faq, money, by=admin)
    session.commit()
    session.refresh(row.article)
    assert row.article.category_id is None


def test_the_example_has_ten_answers_in_each_language_and_comes_once(faq, session, admin):
    from plugdesk_faq.ready import add_examples

    add_examples(faq, by=admin)
    add_examples(faq, by=admin)
    found = answers_for(session, admin)
    assert sorted(each.language for each in found) == ["en"] * 10 + ["ru"] * 10
    assert all(each.original_id for each in found if each.language == "ru")
