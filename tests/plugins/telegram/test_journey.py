"""The journey a messenger has to pass: from a photo to the rating's comment, off and on again, nothing lost and nothing twice."""

from __future__ import annotations

import sqlalchemy as sa

from plugdesk.forms.models import StatusKind
from plugdesk.testing.messenger import picture
from plugdesk.tickets.attachments import NewFile
from plugdesk.tickets.commands import become
from plugdesk.tickets.models import Message, Ticket
from plugdesk_csat.models import Rating


def test_from_a_photo_to_a_rating_with_a_comment(shop, boris, enable):
    enable("csat")
    question = boris.send_photo(shop.token, picture(), "Касса пищит 🔔")
    shop.work()
    shop.later(seconds=5)
    shop.reply("<p>Перезапустите её: <b>так</b>.</p>", files=[NewFile("Инструкция.pdf", b"%PDF-1.4", "application/pdf")])
    answer = shop.seen(boris)[-1]
    assert (answer.html, answer.file.name) == ("Перезапустите её: <b>так</b>.", "Инструкция.pdf")
    boris.edit(question, "Касса №2 пищит 🔔")
    shop.work()
    with shop.runtime.database.write() as session:
        become(session, session.get_one(Ticket, 1), StatusKind.RESOLVED, StatusKind.CLOSED, by=None)
    shop.later(seconds=5)
    closing = next(each for each in boris.chat(shop.token).messages if each.buttons)
    press = boris.press(closing, closing.buttons[0][0].text)
    shop.work()
    assert press.answer.text.startswith("Спасибо")
    boris.write(shop.token, "Быстро и понятно")
    shop.work()
    shop.switch(on=False)
    shop.later(minutes=15)
    boris.write(shop.token, "Опять пищит")
    shop.work()
    shop.switch(on=True)
    shop.work()
    shop.work()
    with shop.runtime.database.read() as session:
        messages = session.scalars(sa.select(Message).where(Message.direction == "incoming").order_by(Message.id)).all()
        rating = session.scalars(sa.select(Rating)).one()
        assert [(each.text, len(each.attachments), each.edited_at is not None) for each in messages] == [
            ("Касса №2 пищит 🔔", 1, True), ("Опять пищит", 0, False)
        ]  # fmt: skip
        assert (rating.mark, rating.comment, session.get_one(Ticket, 1).closed_at) == (5, "Быстро и понятно", None)
