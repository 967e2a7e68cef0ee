"""What every new form begins with. All of it can be changed and deleted afterwards."""

from __future__ import annotations

from plugdesk.forms.models import PRIORITY, Field, FieldKind, Status, StatusKind

STATUSES = (
    ("new", StatusKind.NEW, {"en": "New", "ru": "Новый"}),
    ("in_progress", StatusKind.OPEN, {"en": "In progress", "ru": "В работе"}),
    ("waiting", StatusKind.PENDING, {"en": "Waiting for customer", "ru": "Ожидаем ответа"}),
    ("done", StatusKind.RESOLVED, {"en": "Done", "ru": "Выполнен"}),
    ("closed", StatusKind.CLOSED, {"en": "Closed", "ru": "Завершён"}),
)
CUSTOMERS_NAMES = {
    "waiting": {"en": "Waiting for your answer", "ru": "Ожидаем вашего ответа"}
}  # where agents' name is none for them
PRIORITY_LABEL = {"en": "Priority", "ru": "Приоритет"}
PRIORITIES = (
    ("low", "", {"en": "Low", "ru": "Низкий"}),
    ("normal", "", {"en": "Normal", "ru": "Обычный"}),
    ("high", "amber", {"en": "High", "ru": "Высокий"}),
    ("urgent", "red", {"en": "Urgent", "ru": "Срочный"}),
)
CURRENCY = {"en": "EUR", "ru": "RUB"}


def default_statuses(language: str) -> list[Status]:
    """New, in progress, waiting for customer, done, closed: named in every language, `language`'s to fall back on."""
    return [
        Status(
            code=code, kind=kind, name=names[language], names=dict(names), position=position,
            customer_name=CUSTOMERS_NAMES.get(code, {}).get(language, ""), customer_names=dict(CUSTOMERS_NAMES.get(code, {})),
        )
        for position, (code, kind, names) in enumerate(STATUSES)
    ]  # fmt: skip


def priority_field(language: str) -> Field:
    """The choice field with the reserved code; what it holds is the form's, in the form's language."""
    choices = [{"code": code, "label": labels[language], "tone": tone} for code, tone, labels in PRIORITIES]
    return Field(
        code=PRIORITY, kind=FieldKind.CHOICE, label=PRIORITY_LABEL[language], required=False, agent_only=True,
        choices=choices, default="normal", position=0,
    )  # fmt: skip
