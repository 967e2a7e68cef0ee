"""What an admin sets for the portal on a form."""

from dataclasses import dataclass

from plugdesk.api import lazy_gettext as _
from plugdesk.api import option, translatable

LINK = translatable("""Hello ${customer:first_name|there},

there is an answer to your request ${ticket:number}. Read it here, and go on there:

${portal:link}

${form:name}, ${desk:name}""")


@dataclass(frozen=True)
class PortalSettings:
    """What customers may do with requests of one form."""

    VERSION = 1

    may_close: bool = option(True, label=_("Customers may close their requests"))
    may_reopen: bool = option(
        True, label=_("Customers may open closed requests again"),
        help=_("For as long as the form says that their words reopen them; see its statuses."),
    )  # fmt: skip
    colleagues: bool = option(
        False, label=_("Customers read the requests of their organization"),
        help=_("All requests of the people of their own organization on this form, with what was said to them; only the one who asked can answer. Of single organizations something else is said under “Requests of organizations”."),
    )  # fmt: skip
    answers: str = option(
        "text", label=_("Letters with our answers hold"), choices=[("text", _("the text of the answer")), ("link", _("only a link to the portal"))],
        help=_("A link goes to customers whose address is proved; others get the text. Customers may choose the link for themselves in any case."),
    )  # fmt: skip
    link_text: str = option(LINK, label=_("Letter with the link"), lines=7, variables=True, least=1, most=10_000)
    files: int = option(10, label=_("Files with one answer, at most"), least=1, most=50)
    file_mb: int = option(10, label=_("Size of one file, in megabytes, at most"), least=1, most=100)
