"""What ties a letter to its ticket."""

import pytest

from plugdesk_email.letters import Address, Letter
from plugdesk_email.threading import (
    OwnId,
    Purpose,
    build_references,
    clean_subject,
    make_message_id,
    read_message_id,
    reference_ids,
    reply_subject,
    subject_number,
)

KEY = b"secret key of thirty-two bytes!!"


def test_an_id_says_what_it_was_made_for() -> None:
    made = make_message_id(12, 345, "desk", KEY, "shop.example", purpose=Purpose.RECEIPT)
    assert read_message_id(made, KEY) == OwnId(Purpose.RECEIPT, 345, 12)
    assert read_message_id(f"<{made}>", KEY) == OwnId(Purpose.RECEIPT, 345, 12)
    assert read_message_id(made.upper(), KEY) == OwnId(Purpose.RECEIPT, 345, 12)


def test_a_retried_delivery_has_the_same_id() -> None:
    assert make_message_id(1, 2, "desk", KEY, "x.ru") == make_message_id(1, 2, "desk", KEY, "x.ru")


def test_ids_of_other_messages_purposes_and_installations_differ() -> None:
    ids = {
        make_message_id(1, 2, "desk", KEY, "x.ru"),
        make_message_id(2, 1, "desk", KEY, "x.ru"),
        make_message_id(12, 2, "desk", KEY, "x.ru"),
        make_message_id(1, 2, "desk", KEY, "x.ru", purpose=Purpose.NOTICE),
        make_message_id(1, 2, "other", KEY, "x.ru"),
        make_message_id(1, 2, "desk", b"another key", "x.ru"),
    }
    assert len(ids) == 6


def test_nobody_without_the_key_makes_an_id() -> None:
    made = make_message_id(12, 345, "desk", KEY, "shop.example")
    assert read_message_id(made, b"another key") is None
    for place, character in enumerate(made.partition("@")[0]):
        changed = made[:place] + ("b" if character != "b" else "c") + made[place + 1 :]
        assert read_message_id(changed, KEY) is None


@pytest.mark.parametrize(
    "value",
    ["", "<>", "a@b", "pd.r.1.2.x@y", "pd.r.1.2.x." + "a" * 24 + "@y", "\0" * 100, "ü" * 600, "pd.z.1.2.x." + "a" * 24 + "@y"],
)
def test_other_ids_are_nobodys(value: str) -> None:
    assert read_message_id(value, KEY) is None


def test_the_nearest_parent_is_tried_first() -> None:
    letter = Letter("m", Address(), "", "", "", in_reply_to=("c",), references=("a", "b", "c"))
    assert reference_ids(letter) == ("c", "b", "a")


def test_a_long_chain_keeps_its_first_and_last_ids() -> None:
    chain = [str(number) for number in range(100)]
    assert build_references(chain) == ["0", *chain[-20:]]
    assert build_references(["a", "b", "a", ""]) == ["a", "b"]


@pytest.mark.parametrize(
    ("subject", "number"),
    [
        ("Re: [#12345] Order", "12345"),
        ("[# 12345 ] Order", "12345"),
        ("Re: [#12345] and [#678]", "12345"),
        ("Order #12345", None),
        ("[Ticket#12345]", None),
        ("[#]", None),
        ("", None),
        ("[#" + "9" * 50 + "]", None),
    ],
)
def test_the_subject_tells_the_ticket(subject: str, number: str | None) -> None:
    assert subject_number(subject) == number


def test_the_tag_has_the_form_that_was_set() -> None:
    assert subject_number("Re: Запрос №17 (важно)", "Запрос №{number}") == "17"


@pytest.mark.parametrize(
    ("subject", "clean"),
    [
        ("Re: Order", "Order"),
        ("RE: Fwd: FW: re: Order", "Order"),
        ("Re[2]: Order", "Order"),
        ("Re(3): Order", "Order"),
        ("Re^2: Order", "Order"),
        ("Ответ: Отв: Заказ", "Заказ"),
        ("HA: Заказ", "HA: Заказ"),
        ("На: Заказ", "Заказ"),
        ("AW: WG: Bestellung", "Bestellung"),
        ("SV: VS: Order", "Order"),
        ("Re： Order", "Order"),
        ("Re: [#123] Re: Order", "Order"),
        ("Order [#123]", "Order"),
        ("Reorder: two", "Reorder: two"),
        ("Regarding: you", "Regarding: you"),
        ("Re:", ""),
        ("", ""),
        ("Re: " * 5000 + "x", "x"),
        ("a" + " " * 60_000 + "b", "a b"),
    ],
)
def test_a_subject_is_cleaned_of_what_programs_put_before_it(subject: str, clean: str) -> None:
    assert clean_subject(subject) == clean


def test_an_answer_has_one_prefix_and_one_tag() -> None:
    assert reply_subject("Re: RE: [#17] Order", "17") == "Re: [#17] Order"
    assert reply_subject("Order") == "Re: Order"
