"""What an admin sets for answers on a form."""

from dataclasses import dataclass

from plugdesk.api import lazy_gettext as _
from plugdesk.api import option


@dataclass(frozen=True)
class FaqSettings:
    """How answers are offered to agents."""

    VERSION = 1

    offered: int = option(
        50, label=_("Canned responses in the list of the composer"), least=5, most=500,
        help=_("So many are shown at once; typing finds the others."),
    )  # fmt: skip
