"""Answers to begin with, as a company might have them: for a demo, and to be changed."""

from __future__ import annotations

from html import escape

import sqlalchemy as sa

from plugdesk.api import Context, User
from plugdesk_faq.commands import AnswerInput, add_folder, write_answer
from plugdesk_faq.models import Answer, Folder

Texts = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]

ENGLISH: Texts = (
    ("First words", (
        ("We are looking into it", "Hello ${customer:first_name|there},\n\nThank you for writing. I am looking into it and will come back to you today. The number of your request is ${ticket:number}.\n\n${agent:name}"),
        ("Please send a photo", "Hello ${customer:first_name|there},\n\nA photo would help us to see what is wrong: please take one of the device and one of the label on its back, and answer this letter with both."),
        ("Which version is it?", "Could you tell us which version you use? It stands at the bottom of the menu “About”."),
    )),
    ("Orders and payments", (
        ("Refund is on its way", "Hello ${customer:first_name|there},\n\nWe have sent your money back today. Banks take three to five working days; if it has not arrived by then, answer this letter and we will trace it.\n\n${agent:name}, ${desk:name}"),
        ("Invoice for the accounts", "Hello ${customer:first_name|there},\n\nThe invoice is attached. Should it be made out to another company, tell us its name and address, and we will write a new one."),
        ("Where is my parcel?", "Your parcel has left our store. Deliveries take two working days; the courier rings before coming. If it is not there tomorrow evening, answer here."),
        ("Change the address of delivery", "We have changed the address. As long as the parcel has not been handed over it goes to the new one; otherwise the courier asks you by phone."),
    )),
    ("Goodbye", (
        ("Is it solved?", "Hello ${customer:first_name|there},\n\nDoes it work now? If we hear nothing for three days we take it as solved; an answer opens your request ${ticket:number} again at any time."),
        ("Thank you and goodbye", "Glad to hear it. Thank you for your patience!\n\n${agent:first_name}, ${desk:name}"),
        ("Not for us, sorry", "Hello ${customer:first_name|there},\n\nI am sorry: this is nothing we can help with. The maker's own service is the right place for it."),
    )),
)  # fmt: skip
RUSSIAN: Texts = (
    ("Первые слова", (
        ("Мы разбираемся", "Здравствуйте, ${customer:first_name|уважаемый клиент}!\n\nСпасибо, что написали. Я уже разбираюсь и отвечу сегодня. Номер вашего обращения: ${ticket:number}.\n\n${agent:name}"),
        ("Пришлите фотографию", "Здравствуйте, ${customer:first_name|уважаемый клиент}!\n\nЧтобы понять, что случилось, нам нужны две фотографии: самого устройства и наклейки на его задней стороне. Пришлите их в ответ на это письмо."),
        ("Какая у вас версия?", "Подскажите, пожалуйста, какая у вас версия. Она указана внизу меню «О программе»."),
    )),
    ("Заказы и оплата", (
        ("Деньги возвращены", "Здравствуйте, ${customer:first_name|уважаемый клиент}!\n\nСегодня мы вернули деньги. Банку нужно от трёх до пяти рабочих дней; если за это время они не придут, ответьте на это письмо, и мы всё проверим.\n\n${agent:name}, ${desk:name}"),
        ("Счёт для бухгалтерии", "Здравствуйте, ${customer:first_name|уважаемый клиент}!\n\nСчёт во вложении. Если он нужен на другую организацию, пришлите её реквизиты, и мы выставим новый."),
        ("Где моя посылка?", "Ваша посылка уже отправлена. Доставка занимает два рабочих дня, курьер позвонит заранее. Если завтра к вечеру её не будет, ответьте здесь."),
        ("Изменить адрес доставки", "Мы изменили адрес. Если посылка ещё не передана курьеру, она поедет по новому; иначе курьер уточнит адрес по телефону."),
    )),
    ("На прощание", (
        ("Удалось решить?", "Здравствуйте, ${customer:first_name|уважаемый клиент}!\n\nТеперь всё работает? Если три дня мы ничего не услышим, будем считать вопрос решённым; ответ в любое время снова откроет обращение ${ticket:number}."),
        ("Спасибо и до свидания", "Рады, что помогло. Спасибо за терпение!\n\n${agent:first_name}, ${desk:name}"),
        ("К сожалению, не к нам", "Здравствуйте, ${customer:first_name|уважаемый клиент}!\n\nК сожалению, с этим мы помочь не можем. Лучше обратиться в сервис производителя."),
    )),
)  # fmt: skip


def add_examples(ctx: Context, *, by: User) -> None:
    """Ten answers in each language, in folders, for all forms; nothing where there are answers already."""
    if ctx.db.scalar(sa.select(Answer.id).limit(1)) is not None:
        return
    for (english, answers), (russian, others) in zip(ENGLISH, RUSSIAN, strict=True):
        folder = add_folder(ctx, russian if ctx.desk.language == "ru" else english, shared=True, by=by)
        for one, other in zip(answers, others, strict=True):
            original = _write(ctx, one, "en", folder, by)
            _write(ctx, other, "ru", folder, by, original)


def _write(
    ctx: Context, words: tuple[str, str], language: str, folder: Folder, by: User, original: Answer | None = None
) -> Answer:
    name, text = words
    body = "".join(f"<p>{escape(each)}</p>" for each in text.split("\n\n"))
    original_id = original.id if original else None
    given = AnswerInput(name, body, folder.id, shared=True, language=language, original_id=original_id)
    return write_answer(ctx, given, by=by)
