"""What an admin sets for contracts on a form."""

from dataclasses import dataclass

from plugdesk.api import lazy_gettext as _
from plugdesk.api import option

ADMINS, SUPERVISORS = "admins", "supervisors"


@dataclass(frozen=True)
class ContractsSettings:
    """Contracts on one form."""

    VERSION = 1

    made_by: str = option(
        SUPERVISORS, label=_("Who makes and changes contracts"),
        choices=[(SUPERVISORS, _("Supervisors of groups, and admins of the form")), (ADMINS, _("Admins of the form"))],
    )  # fmt: skip
