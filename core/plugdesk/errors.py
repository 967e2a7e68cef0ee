"""What the domain says no with. Every message is a sentence a person can act on, already in their language."""

from collections.abc import Mapping

from plugdesk.i18n import gettext as _


class PlugdeskError(Exception):
    """A refusal in words; `status` is the HTTP status a page answers with."""

    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)

    @property
    def in_words(self) -> str:
        """Everything that is wrong, in a row, for where there are no fields to put it beside."""
        return str(self)


class NotFound(PlugdeskError):
    """There is no such thing, or whoever asks may not know that there is."""

    status = 404


class NotAllowed(PlugdeskError):
    """The thing may be seen, but this may not be done to it."""

    status = 403


class Invalid(PlugdeskError):
    """What was put in cannot be taken; `problems` maps a field's name to the sentence shown beside it.

    `Invalid("Give the form a name.")` speaks of the whole, `Invalid(problems={"name": "Give the form a name."})`
    of fields: its message is then all sentences in a row.
    """

    status = 422

    def __init__(self, message: str = "", problems: Mapping[str, str] | None = None) -> None:
        self.problems = dict(problems or {})
        super().__init__(message or " ".join(self.problems.values()) or _("Please check what you have entered."))

    @property
    def in_words(self) -> str:
        return " ".join(dict.fromkeys(self.problems.values())) or str(self)


class Conflict(PlugdeskError):
    """Somebody else was faster; what was read is no longer what is stored."""

    status = 409
