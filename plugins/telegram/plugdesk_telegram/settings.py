"""What an admin sets for Telegram on a form; bots are rows of their own (see `models.py`)."""

from dataclasses import dataclass

from plugdesk.api import ConversationSettings, option, translatable
from plugdesk.api import lazy_gettext as _

GREETING = translatable(
    "Hello! Write here what we can do for you. Photos and files may come along; the answer comes to this chat."
)
LEAVE, IGNORE, TAKE = "leave", "ignore", "take"


@dataclass(frozen=True)
class TelegramSettings(ConversationSettings):
    """Chats of one form."""

    VERSION = 1

    greeting: str = option(GREETING, label=_("Greeting, when somebody starts the bot"), lines=3, most=4_000)
    ask_phone: bool = option(
        False, label=_("Offer to share the telephone number with the greeting"),
        help=_("A button of Telegram's own. Only the customer's own number is taken, and counts as confirmed."),
    )  # fmt: skip
    groups: str = option(
        LEAVE, label=_("In groups the bot"),
        choices=[(LEAVE, _("says that it answers in private, and leaves")), (IGNORE, _("stays and takes nothing")), (TAKE, _("takes what is addressed to it"))],
        help=_("Addressed to it is what names it, answers it, or is a command. Each person who asks has a ticket of their own there."),
    )  # fmt: skip
    typing: bool = option(True, label=_("Show the customer that somebody is writing"))
    proxy: str = option(
        "", label=_("Proxy"), most=200,
        help=_("Like http://proxy.example:3128, where Telegram cannot be reached directly. Best set for the whole desk."),
    )  # fmt: skip
    ca_file: str = option(
        "", label=_("File of certificate authorities"), most=400,
        help=_("A path on the desk's machine, for a proxy or a Bot API server of your own with a certificate of its own."),
    )  # fmt: skip
