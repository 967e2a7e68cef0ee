"""Forms to start from: sections, fields and statuses for common kinds of work, in every language. All of it can be changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from plugdesk.conditions import as_json, parse_condition
from plugdesk.errors import NotFound
from plugdesk.events import record
from plugdesk.forms.commands import create_form
from plugdesk.forms.defaults import CURRENCY
from plugdesk.forms.editing import begin_anew, has_changed
from plugdesk.forms.facts import types_of
from plugdesk.forms.models import Field, FieldKind, Form, Status, StatusKind
from plugdesk.forms.section_commands import arrange
from plugdesk.i18n import gettext as _
from plugdesk.i18n import known_language
from plugdesk.runtime import runtime_of
from plugdesk.users.models import User

Words = Mapping[str, str]
K, S = FieldKind, StatusKind


def _w(en: str, ru: str) -> Words:
    return {"en": en, "ru": ru}


@dataclass(frozen=True)
class Question:
    """One field of a template; `when` is its condition, `only` says that it is for agents."""

    code: str
    kind: FieldKind
    label: Words
    choices: Sequence[tuple[str, Words]] = ()
    section: str = ""
    required: bool = False
    only: bool = False
    required_from: str | None = None
    readonly_from: str | None = None
    when: Mapping[str, Any] | None = None
    help: Words | None = None


@dataclass(frozen=True)
class FormTemplate:
    """A form to start from. `statuses` replace those every form begins with; code, kind and name, in their order.

    None of theirs waits for the customer's word: with them an agent's reply leaves the status as it is.
    """

    name: Words
    about: Words
    questions: Sequence[Question]
    sections: Sequence[tuple[str, Words, Mapping[str, Any] | None]] = ()
    statuses: Sequence[tuple[str, StatusKind, Words]] = field(default=())


_NEW = ("new", S.NEW, _w("New", "Новый"))
_CLOSED = ("closed", S.CLOSED, _w("Closed", "Завершён"))
_NAME = Question("full_name", K.TEXT, _w("Your name", "Ваше имя"), required=True)
_PHONE = Question("phone", K.PHONE, _w("Telephone", "Телефон"))

TEMPLATES: Mapping[str, FormTemplate] = {
    "support": FormTemplate(
        _w("Support desk", "Служба поддержки"),
        _w("Questions, errors and wishes, sorted by topic.", "Вопросы, ошибки и пожелания, разложенные по темам."),
        (
            Question(
                "topic", K.CHOICE, _w("Topic", "Тема обращения"), required=True,
                choices=(("question", _w("Question", "Вопрос")), ("error", _w("Error", "Ошибка")), ("payment", _w("Payment", "Оплата")), ("wish", _w("Wish", "Пожелание"))),
            ),
            Question("steps", K.LONG_TEXT, _w("How can we see the error?", "Как увидеть ошибку?"), when={"fact": "field.topic", "is": "error"}),
            Question("screenshot", K.FILE, _w("Picture of the error", "Снимок экрана с ошибкой"), when={"fact": "field.topic", "is": "error"}),
            Question("invoice", K.TEXT, _w("Number of the invoice", "Номер счёта"), when={"fact": "field.topic", "is": "payment"}),
        ),
    ),
    "repair": FormTemplate(
        _w("Repair", "Ремонт"),
        _w("Devices that come in, are repaired, paid for and given back.", "Приём, ремонт, оплата и выдача устройств."),
        (
            Question("device", K.TEXT, _w("Device", "Устройство"), section="device", required=True),
            Question("serial", K.TEXT, _w("Serial number", "Заводской номер"), section="device"),
            Question("photos", K.FILE, _w("Photos", "Фотографии"), section="device"),
            Question("warranty", K.CHECK, _w("Under warranty", "На гарантии"), section="device"),
            Question("bought_on", K.DATE, _w("Bought on", "Дата покупки"), section="device", required=True, when={"fact": "field.warranty", "is": True}),
            Question(
                "delivery", K.CHOICE, _w("How it comes to us", "Как передадите устройство"), section="delivery", required=True,
                choices=(("bring", _w("I bring it", "Привезу сам")), ("courier", _w("A courier picks it up", "Заберёт курьер"))),
            ),
            Question("address", K.TEXT, _w("Address", "Адрес"), section="delivery", required=True, when={"fact": "field.delivery", "is": "courier"}),
            Question("cost", K.MONEY, _w("Cost of repair", "Стоимость ремонта"), section="workshop", only=True, required_from="payment", readonly_from="paid"),
            Question("work", K.LONG_TEXT, _w("What was done", "Что сделано"), section="workshop", only=True, required_from="ready"),
        ),
        (
            ("device", _w("Device", "Устройство"), None),
            ("delivery", _w("Delivery", "Доставка"), None),
            ("workshop", _w("Workshop", "Мастерская"), None),
        ),
        (
            _NEW, ("diagnosis", S.OPEN, _w("Diagnosis", "Диагностика")), ("payment", S.PENDING, _w("Waiting for payment", "Ожидает оплаты")),
            ("paid", S.OPEN, _w("Paid", "Оплачен")), ("ready", S.RESOLVED, _w("Ready", "Готов")), ("closed", S.CLOSED, _w("Given back", "Выдан")),
        ),
    ),
    "job": FormTemplate(
        _w("Job application", "Отклик на вакансию"),
        _w("From the application to the decision.", "От отклика до решения."),
        (
            _NAME, _PHONE, Question("position", K.TEXT, _w("Position", "Должность"), required=True),
            Question("resume", K.FILE, _w("CV", "Резюме"), required=True), Question("portfolio", K.LINK, _w("Link to your work", "Ссылка на портфолио")),
            Question("start_on", K.DATE, _w("You could start on", "Когда готовы начать")),
            Question("salary", K.MONEY, _w("Expected salary", "Ожидаемая зарплата")),
            Question("consent", K.CHECK, _w("I agree that my data is kept for this application", "Согласен на обработку моих данных"), required=True),
            Question("interview_at", K.DATE_TIME, _w("Interview", "Собеседование"), only=True, required_from="interview"),
            Question("decision", K.LONG_TEXT, _w("Reasons of the decision", "Обоснование решения"), only=True, required_from="hired"),
        ),
        (),
        (
            _NEW, ("review", S.OPEN, _w("Being read", "На рассмотрении")), ("interview", S.PENDING, _w("Interview", "Собеседование")),
            ("hired", S.RESOLVED, _w("Hired", "Принят")), ("declined", S.CLOSED, _w("Declined", "Отказ")),
        ),
    ),
    "feedback": FormTemplate(
        _w("Anonymous feedback", "Анонимный отзыв"),
        _w("What people think, without their names.", "Что думают люди, без имён."),
        (
            Question(
                "about", K.CHOICE, _w("What is it about?", "О чём отзыв?"), required=True,
                choices=(("service", _w("Service", "Обслуживание")), ("product", _w("Product", "Товар")), ("work", _w("Working here", "Работа у нас"))),
            ),
            Question(
                "mood", K.CHOICE, _w("How was it?", "Как впечатление?"),
                choices=(("good", _w("Good", "Хорошее")), ("middling", _w("Middling", "Среднее")), ("bad", _w("Bad", "Плохое"))),
            ),
            Question("wrong", K.LONG_TEXT, _w("What went wrong?", "Что пошло не так?"), when={"fact": "field.mood", "in": ["middling", "bad"]}),
            Question("answer_wanted", K.CHECK, _w("I should like an answer", "Хочу получить ответ")),
            Question("contact", K.TEXT, _w("How to reach you", "Как с вами связаться"), required=True, when={"fact": "field.answer_wanted", "is": True}),
        ),
        (),
        (_NEW, ("considered", S.OPEN, _w("Being considered", "Рассматривается")), ("closed", S.CLOSED, _w("Noted", "Учтено"))),
    ),
    "contest": FormTemplate(
        _w("Contest with photos", "Фотоконкурс"),
        _w("Works are sent in, judged and awarded.", "Приём работ, судейство, награждение."),
        (
            _NAME, Question("age", K.NUMBER, _w("Age", "Возраст"), required=True),
            Question("parent", K.TEXT, _w("Parent's name and telephone", "Имя и телефон родителя"), required=True, when={"fact": "field.age", "lt": 18}),
            Question("title", K.TEXT, _w("Title of the work", "Название работы"), required=True),
            Question("photos", K.FILE, _w("Photos", "Фотографии"), required=True, help=_w("Up to ten pictures.", "До десяти снимков.")),
            Question("rules", K.CHECK, _w("I accept the rules", "Принимаю правила"), required=True),
            Question("points", K.NUMBER, _w("Points", "Баллы"), only=True, required_from="judged"),
        ),
        (),
        (_NEW, ("accepted", S.OPEN, _w("Accepted", "Принята")), ("judged", S.RESOLVED, _w("Judged", "Оценена")), ("closed", S.CLOSED, _w("Not accepted", "Не принята"))),
    ),
    "complaint": FormTemplate(
        _w("Complaint", "Жалоба"),
        _w("Complaints that must be looked into and answered.", "Жалобы, которые нужно разобрать и на которые нужно ответить."),
        (
            _NAME, _PHONE, Question("happened_on", K.DATE, _w("When did it happen?", "Когда это случилось?"), required=True),
            Question("place", K.TEXT, _w("Where?", "Где?")), Question("order", K.TEXT, _w("Number of the order", "Номер заказа")),
            Question("proof", K.FILE, _w("Photos and papers", "Фото и документы")),
            Question(
                "wish", K.CHOICE, _w("What do you ask for?", "Чего вы хотите?"),
                choices=(("apology", _w("An apology", "Извинений")), ("refund", _w("Money back", "Возврата денег")), ("repair", _w("That it be put right", "Исправления"))),
            ),
            Question("amount", K.MONEY, _w("How much?", "Сколько?"), required=True, when={"fact": "field.wish", "is": "refund"}),
            Question("cause", K.LONG_TEXT, _w("Cause found", "Найденная причина"), only=True, required_from="done"),
        ),
    ),
    "tender": FormTemplate(
        _w("Tender", "Тендер"),
        _w("Offers of suppliers, compared and decided.", "Предложения поставщиков: сравнение и решение."),
        (
            Question("company", K.TEXT, _w("Company", "Компания"), required=True), Question("tax_number", K.TEXT, _w("Tax number", "ИНН"), required=True), _PHONE,
            Question("lot", K.TEXT, _w("Number of the lot", "Номер лота"), required=True), Question("price", K.MONEY, _w("Price", "Цена"), required=True),
            Question("deliver_on", K.DATE, _w("Delivery by", "Срок поставки"), required=True), Question("offer", K.FILE, _w("Offer", "Коммерческое предложение"), required=True),
            Question("verdict", K.LONG_TEXT, _w("Reasons of the decision", "Обоснование решения"), only=True, required_from="won"),
        ),
        (),
        (_NEW, ("compared", S.OPEN, _w("Being compared", "Сравнивается")), ("won", S.RESOLVED, _w("Won", "Победитель")), ("closed", S.CLOSED, _w("Not chosen", "Не выбран"))),
    ),
    "cooperation": FormTemplate(
        _w("Cooperation proposal", "Предложение о сотрудничестве"),
        _w("Partners, advertising, supplies.", "Партнёрство, реклама, поставки."),
        (
            _NAME, Question("company", K.TEXT, _w("Company", "Компания"), required=True), Question("site", K.LINK, _w("Web site", "Сайт")), _PHONE,
            Question(
                "sort", K.CHOICE, _w("Kind of cooperation", "Вид сотрудничества"), required=True,
                choices=(("partner", _w("Partnership", "Партнёрство")), ("advertising", _w("Advertising", "Реклама")), ("supply", _w("Supplies", "Поставки")), ("other", _w("Something else", "Другое"))),
            ),
            Question("else", K.TEXT, _w("What exactly?", "Что именно?"), required=True, when={"fact": "field.sort", "is": "other"}),
            Question("presentation", K.FILE, _w("Presentation", "Презентация")),
        ),
        (),
        (_NEW, ("talks", S.OPEN, _w("Talks", "Переговоры")), ("agreed", S.RESOLVED, _w("Agreed", "Договорились")), ("closed", S.CLOSED, _w("Declined", "Отклонено"))),
    ),
    "event": FormTemplate(
        _w("Event application", "Заявка на мероприятие"),
        _w("Who comes, in which part, with what.", "Кто придёт, в каком качестве и что ему нужно."),
        (
            _NAME, _PHONE, Question("organization", K.TEXT, _w("Organization", "Организация")),
            Question(
                "part", K.CHOICE, _w("You come as", "Вы участвуете как"), required=True,
                choices=(("visitor", _w("Visitor", "Посетитель")), ("speaker", _w("Speaker", "Докладчик")), ("exhibitor", _w("Exhibitor", "Участник выставки"))),
            ),
            Question("talk", K.TEXT, _w("Title of the talk", "Тема доклада"), section="talk", required=True),
            Question("abstract", K.LONG_TEXT, _w("What it is about", "О чём доклад"), section="talk"),
            Question("area", K.NUMBER, _w("Area of the stand, m²", "Площадь стенда, м²"), section="stand", required=True),
            Question("power", K.CHECK, _w("Power is needed", "Нужно электричество"), section="stand"),
            Question("seat", K.TEXT, _w("Place", "Место"), section="desk", only=True, required_from="confirmed"),
        ),
        (
            ("talk", _w("Talk", "Доклад"), {"fact": "field.part", "is": "speaker"}), ("stand", _w("Stand", "Стенд"), {"fact": "field.part", "is": "exhibitor"}),
            ("desk", _w("For the organizers", "Для организаторов"), None),
        ),
        (_NEW, ("checked", S.OPEN, _w("Being checked", "Проверяется")), ("confirmed", S.RESOLVED, _w("Confirmed", "Подтверждена")), _CLOSED),
    ),
}  # fmt: skip


def create_from_template(session: Session, template: str, *, name: str, by: User | None, language: str | None = None) -> Form:
    """Make a form of `TEMPLATES` in its language (None: the desk's); the priority every form begins with is kept.

    Raises what `create_form` raises, and `NotFound`.
    """
    wanted = TEMPLATES.get(template)
    if wanted is None:
        raise NotFound(_("There is no such template."))
    form = create_form(session, name=name, by=by, language=language)
    spoken = known_language(language, runtime_of(session).desk(session).language)
    if wanted.statuses:
        statuses = [
            Status(code=code, kind=kind, name=names[spoken], names=dict(names), position=place)
            for place, (code, kind, names) in enumerate(wanted.statuses)
        ]
        begin_anew(session, form, statuses)
        form.waits_on_reply = False
    form.fields.extend(_field(form, each, spoken) for each in wanted.questions)
    form.sections = [{"code": code, "title": title[spoken], "visible_when": when} for code, title, when in wanted.sections]
    types = types_of(session, form.fields)
    for each in form.fields:
        if each.visible_when:
            each.visible_when = as_json(parse_condition(each.visible_when, types))
    arrange(form, form.fields)
    record(session, "form_template_applied", form=form, actor=by, template=template)
    has_changed(session, form)
    return form


def _field(form: Form, each: Question, language: str) -> Field:
    choices = [{"code": code, "label": label[language], "tone": ""} for code, label in each.choices]
    if each.kind is FieldKind.MONEY:
        choices = [{"code": CURRENCY[language], "label": CURRENCY[language], "tone": ""}]
    return Field(
        form_id=form.id, code=each.code, kind=each.kind, label=each.label[language], help=each.help[language] if each.help else None,
        required=each.required, agent_only=each.only, choices=choices, default=None, section=each.section, visible_when=each.when,
        required_from=each.required_from, readonly_from=each.readonly_from, position=len(form.fields),
    )  # fmt: skip
