"""Starting a bot, being known there, blocking it, and groups."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from plugdesk.tickets.delivery import channels_to_connect
from plugdesk.tickets.models import DeliveryState, Message, Ticket
from plugdesk.users.models import Identity, User
from plugdesk_telegram.customers import customer_of_link, start_link
from plugdesk_telegram.models import Bot, Chat


def link_for(shop, customer_id, **about):
    """The payload of the personal link."""
    with shop.runtime.database.read() as session:
        ctx = shop.runtime.context("telegram", shop.form(session), session)
        link = start_link(ctx, session.scalars(sa.select(Bot)).one(), session.get_one(User, customer_id))
    (payload,) = parse_qs(urlsplit(link).query)["start"]
    return payload


def identities(shop, customer_id):
    with shop.runtime.database.read() as session:
        found = session.scalars(sa.select(Identity).where(Identity.user_id == customer_id).order_by(Identity.id)).all()
        return [(each.channel, each.shown, each.verified_at is not None) for each in found]


def test_who_starts_the_bot_is_greeted_in_their_language_and_has_no_ticket(shop, boris):
    boris.start(shop.token)
    shop.work()
    (greeting,) = shop.seen(boris)
    assert (greeting.text.startswith("Здравствуйте!"), shop.tickets()) == (True, 0)


def test_an_admins_own_greeting_is_said_as_written(shop, ann):
    shop.set(greeting="Hi from the till shop")
    ann.start(shop.token)
    shop.work()
    assert [each.text for each in shop.seen(ann)] == ["Hi from the till shop"]


def test_a_customer_the_desk_knows_is_bound_by_their_link(shop, ann, customer):
    ann.start(shop.token, link_for(shop, customer.id))
    shop.work()
    assert identities(shop, customer.id) == [("email", "ann@home.example", False), ("telegram", "@ann", True)]
    assert shop.seen(ann)[0].text == f"Hello {customer.name}! We know you here now: write, and we see your requests."
    ann.write(shop.token, "The till beeps")
    shop.work()
    with shop.runtime.database.read() as session:
        assert session.scalars(sa.select(Ticket.customer_id)).all() == [customer.id]


def test_who_is_known_on_telegram_is_offered_no_link_to_connect_by(shop, ann, customer):
    def offered():
        with shop.runtime.database.read() as session:
            return channels_to_connect(session, session.get_one(User, customer.id), [shop.form(session)])

    (found,) = offered()
    assert (found.channel.name, found.form.slug, found.url.partition("?")[0]) == ("telegram", "support", "https://t.me/shop_bot")
    (payload,) = parse_qs(urlsplit(found.url).query)["start"]
    ann.start(shop.token, payload)
    shop.work()
    assert identities(shop, customer.id)[1:] == [("telegram", "@ann", True)]
    assert offered() == []


def test_a_form_without_a_bot_and_one_where_telegram_is_off_have_nothing_to_connect(shop, customer):
    def offered():
        with shop.runtime.database.read() as session:
            return len(channels_to_connect(session, session.get_one(User, customer.id), [shop.form(session)]))

    shop.switch(on=False)
    assert offered() == 0
    shop.switch(on=True)
    assert offered() == 1
    with shop.runtime.database.write() as session:
        session.delete(session.scalars(sa.select(Bot)).one())
    assert offered() == 0


def test_a_link_is_good_once_and_for_two_weeks(shop, ann, boris, customer):
    payload = link_for(shop, customer.id)
    with shop.runtime.database.read() as session:
        ctx = shop.runtime.context("telegram", shop.form(session), session)
        bot = session.scalars(sa.select(Bot)).one()
        assert customer_of_link(ctx, bot, payload).id == customer.id
        assert customer_of_link(ctx, bot, payload[:20] + ("A" if payload[20] != "A" else "B") + payload[21:]) is None
    ann.start(shop.token, payload)
    shop.work()
    boris.start(shop.token, payload)
    shop.work()
    assert [each[1] for each in identities(shop, customer.id)] == ["ann@home.example", "@ann"]
    late = link_for(shop, customer.id)
    shop.later(days=15)
    boris.start(shop.token, late)
    shop.work()
    assert len(identities(shop, customer.id)) == 2


def test_somebody_known_with_requests_of_their_own_is_not_joined_silently(shop, ann, customer, ticket):
    ann.write(shop.token, "The till beeps")
    shop.work()
    ann.start(shop.token, link_for(shop, customer.id))
    shop.work()
    assert [each[0] for each in identities(shop, customer.id)] == ["email"]
    note = f"@ann on Telegram opened the personal link of {customer.name}. They are probably one person."
    assert [shop.said(number)[-1] for number in (ticket.id, ticket.id + 1)] == [("suggestion", note)] * 2


def test_their_own_number_is_taken_and_somebody_elses_is_only_a_text(shop, ann, boris):
    ann.share_contact(shop.token)
    ann.share_contact(shop.token, boris)
    shop.work()
    with shop.runtime.database.read() as session:
        numbers = session.scalars(sa.select(Identity).where(Identity.channel == "phone")).all()
        assert [(each.value, each.verified_at is not None) for each in numbers] == [("+79001234567", True)]
    assert [text for who, text in shop.said() if who == "incoming"] == [f"Contact: Борис Петров, {boris.phone}"]


def test_the_button_for_the_number_is_offered_where_it_is_wanted(shop, ann):
    shop.set(ask_phone=True)
    ann.start(shop.token)
    shop.work()
    (button,) = ann.chat(shop.token).keyboard.buttons
    assert (button.text, button.request_contact) == ("Share my telephone number", True)


def test_who_blocks_the_bot_cannot_be_reached_until_they_come_back(shop, ann):
    ann.write(shop.token, "The till beeps")
    shop.work()
    ann.block(shop.token)
    shop.work()
    with shop.runtime.database.read() as session:
        ctx = shop.runtime.context("telegram", shop.form(session), session)
        from plugdesk_telegram.chats import reaches

        assert not reaches(ctx, session.get_one(Ticket, 1).customer)
    ann.unblock(shop.token)
    shop.work()
    assert [text for who, text in shop.said() if who == "membership"][-1] == "The customer uses the bot again."
    number = shop.reply()
    assert shop.state(number) == (DeliveryState.SENT, None)


def test_a_bot_that_is_added_to_a_group_says_that_it_answers_in_private_and_leaves(shop, ann, messenger):
    group = messenger.group("Tills", ann, [shop.token])
    shop.work()
    assert [each.text for each in group.messages if each.from_bot and each.text] == [
        "I answer in private only: https://t.me/shop_bot"
    ]
    assert (group.bots, shop.tickets()) == ([], 0)


def test_a_bot_may_be_told_to_stay_and_take_nothing(shop, ann, messenger):
    shop.set(groups="ignore")
    group = messenger.group("Tills", ann, [shop.token])
    ann.write(group, "@shop_bot help")
    shop.work()
    assert ([each.username for each in group.bots], shop.tickets()) == (["shop_bot"], 0)


@pytest.fixture
def group(shop, ann, boris, messenger):
    """A group where the bot takes what is addressed to it, and sees everything."""
    shop.set(groups="take")
    messenger.bot(shop.token).privacy = False
    return messenger.group("Tills", ann, [boris, shop.token])


def test_in_a_group_each_who_asks_has_a_ticket_and_is_answered_there(shop, ann, boris, group):
    question = ann.write(group, "@shop_bot it beeps")
    ann.write(group, "what a day")
    boris.write(group, "@shop_bot и у меня")
    shop.work()
    assert (shop.tickets(), shop.said(1)[0]) == (2, ("incoming", "@shop_bot it beeps"))
    shop.later(seconds=10)
    number = shop.reply("<p>Restart it.</p>")
    shop.later(seconds=10)
    answer = next(each for each in group.messages if each.text == "Restart it.")
    assert (shop.state(number)[0], answer.reply_to, ann.chat(shop.token).messages) == (DeliveryState.SENT, question.id, [])


def test_what_is_said_in_private_stays_out_of_the_group(shop, ann, group):
    ann.write(group, "@shop_bot it beeps")
    shop.work()
    ann.write(shop.token, "My password is secret")
    shop.work()
    assert shop.tickets() == 2
    shop.later(seconds=10)
    shop.reply("<p>In private.</p>", ticket=2)
    shop.later(seconds=10)
    assert [each.text for each in shop.seen(ann)] == ["In private."]
    assert "In private." not in [each.text for each in group.messages]


def test_an_answer_to_the_bot_in_a_group_goes_on_with_the_ticket(shop, ann, group):
    ann.write(group, "@shop_bot it beeps")
    shop.work()
    shop.later(seconds=10)
    receipt = next(each for each in group.messages if each.from_bot and each.text)
    ann.write(group, "Twice", reply_to=receipt)
    shop.work()
    assert [text for who, text in shop.said(1) if who == "incoming"] == ["@shop_bot it beeps", "Twice"]


@pytest.mark.parametrize("told", [True, False])
def test_a_group_that_becomes_a_supergroup_is_answered_there(shop, ann, group, messenger, told):
    ann.write(group, "@shop_bot it beeps")
    shop.work()
    shop.later(seconds=10)
    new = group.become_supergroup()
    if told:
        shop.work()
    else:
        messenger.bot(shop.token).updates.clear()  # only the refusal of an answer tells
    number = shop.reply("<p>Restart it.</p>")
    shop.later(seconds=10)
    assert (shop.state(number), "Restart it." in [each.text for each in new.messages]) == ((DeliveryState.SENT, None), True)
    ann.write(new, "@shop_bot thanks")
    shop.work()
    assert [text for who, text in shop.said(1) if who == "incoming"] == ["@shop_bot it beeps", "@shop_bot thanks"]


def test_a_bot_that_was_thrown_out_says_so(shop, ann, group):
    ann.write(group, "@shop_bot it beeps")
    shop.work()
    shop.later(seconds=10)
    group.remove(shop.token)
    shop.work()
    number = shop.reply()
    assert shop.state(number) == (
        DeliveryState.FAILED, "The bot is not in this group any more. Add it again, or answer another way."
    )  # fmt: skip


def test_two_bots_of_a_form_each_answer_where_they_were_asked(shop, ann, boris, messenger):
    other = messenger.add_bot("Spare parts", "parts_bot")
    shop.connect(other)
    ann.write(shop.token, "The till beeps")
    boris.write(other, "Нужна лента")
    shop.work()
    shop.reply("<p>To Ann.</p>", ticket=1)
    shop.reply("<p>Борису.</p>", ticket=2)
    assert "To Ann." in [each.text for each in ann.chat(shop.token).messages]
    assert "Борису." in [each.text for each in boris.chat(other).messages]
    with shop.runtime.database.read() as session:
        assert sorted(session.scalars(sa.select(Chat.bot_id)).all()) == [1, 2]
        assert session.scalar(sa.select(sa.func.count()).select_from(Message).where(Message.delivery == "failed")) == 0
