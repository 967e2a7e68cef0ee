"""What an admin sets for the rating on a form."""

from dataclasses import dataclass

from plugdesk.api import lazy_gettext as _
from plugdesk.api import option, translatable

INVITATION = translatable("How did we do? One press tells us.")
THANKS = translatable("Thank you. Your mark reaches the people who worked on your request.")
ADMINS, SUPERVISORS, ASSIGNEE, AGENTS = "admins", "supervisors", "assignee", "agents"


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
    change_days: int = option(
        30, label=_("For how many days a mark can be changed"), help=_("0: what was pressed first stays."), least=0, most=365
    )
    comment_minutes: int = option(
        10, label=_("For how many minutes a message in a chat is the comment on the mark just pressed there"), least=0, most=1_440
    )
    quiet_days: int = option(
        0, label=_("For how many days a customer who was asked is not asked again"), help=_("0: at every closing they are asked."),
        least=0, most=365,
    )  # fmt: skip
    skip_opened_by_agent: bool = option(False, label=_("Do not ask when an agent opened the ticket"))
    skip_programs: bool = option(True, label=_("Do not ask when the first message came from a program or a mailing list"))
    skip_merged: bool = option(False, label=_("Do not ask when the ticket was merged with another one"))
    seen_by: str = option(
        ADMINS, label=_("Who sees marks and comments"), help=_("Admins of the form always do."),
        choices=[
            (ADMINS, _("Admins of the form alone")), (SUPERVISORS, _("also the supervisors of the ticket's group")),
            (ASSIGNEE, _("also those supervisors and the assignee")), (AGENTS, _("everybody who works on the form")),
        ],
    )  # fmt: skip
    low_mark: int = option(
        0, label=_("A mark of this or below is a bad one"), help=_("0: none is, and nothing happens by itself."), least=0, most=4
    )
    low_reopens: bool = option(False, label=_("A bad mark reopens the ticket"))
    low_reopens_in_chat: bool = option(False, label=_("A bad mark given in a messenger reopens it, too"))
    low_to_supervisor: bool = option(
        False, label=_("A bad mark gives the ticket to the supervisor"), help=_("Of its group, else of a group of its assignee.")
    )
    low_tells_supervisor: bool = option(False, label=_("The supervisor watches it from then on, and gets a letter"))
