"""What an admin sets for the request forms of a form; each of them has a page of its own."""

from dataclasses import dataclass

from plugdesk.api import lazy_gettext as _
from plugdesk.api import option


@dataclass(frozen=True)
class WebformSettings:
    """Limits of what comes in by request forms."""

    VERSION = 1

    per_hour: int = option(
        20, label=_("Requests an hour from one connection"), least=1, most=1_000,
        help=_("Counted by a fingerprint of the network address that is kept for a day and stands on no ticket; anonymous requests are not counted by it."),
    )  # fmt: skip
    per_day: int = option(100, label=_("Requests a day from one connection"), least=1, most=10_000)
    address_per_day: int = option(10, label=_("Requests a day with one e-mail address"), least=1, most=1_000)
    form_per_day: int = option(5_000, label=_("Requests a day in all, anonymous ones apart"), least=1, most=1_000_000)
    files: int = option(10, label=_("Files with one answer, at most"), least=1, most=50)
    file_mb: int = option(10, label=_("Size of one file, in megabytes, at most"), least=1, most=100)
