"""What an admin sets for the portal on a form."""

from dataclasses import dataclass

from plugdesk.api import lazy_gettext as _
from plugdesk.api import option


@dataclass(frozen=True)
class PortalSettings:
    """What customers may do with requests of one form."""

    VERSION = 1

    may_close: bool = option(True, label=_("Customers may close their requests"))
    may_reopen: bool = option(
        True, label=_("Customers may open closed requests again"),
        help=_("For as long as the form says that their words reopen them; see its statuses."),
    )  # fmt: skip
    files: int = option(10, label=_("Files with one answer, at most"), least=1, most=50)
    file_mb: int = option(10, label=_("Size of one file, in megabytes, at most"), least=1, most=100)
