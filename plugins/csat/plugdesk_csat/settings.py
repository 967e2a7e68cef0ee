"""What an admin sets for the rating on a form."""

from dataclasses import dataclass

from plugdesk.api import lazy_gettext as _
from plugdesk.api import option, translatable

INVITATION = translatable("How did we do? One press tells us.")
THANKS = translatable("Thank you. Your mark reaches the people who worked on your request.")


@dataclass(frozen=True)
class CsatSettings:
    """The rating of one form."""

    VERSION = 1

    invitation: str = option(
        INVITATION, label=_("Invitation"), help=_("Stands above the five faces, where ${satisfaction:rating} is in the closing notice."),
        lines=3, most=1_000,
    )  # fmt: skip
    thanks: str = option(THANKS, label=_("Thanks, after the mark is stored"), lines=2, most=1_000)
    days: int = option(30, label=_("How many days a mark can be given"), least=1, most=365)
    comment_minutes: int = option(
        10, label=_("For how many minutes a message in a chat is the comment on the mark just pressed there"), least=0, most=1_440
    )
