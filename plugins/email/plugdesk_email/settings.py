"""What an admin sets for e-mail on a form; mailboxes are rows of their own (see `models.py`)."""

from dataclasses import dataclass

from plugdesk.api import lazy_gettext as _
from plugdesk.api import option, translatable

RECEIPT = translatable("""Hello ${customer:first_name|there},

we have received your request. Its number is ${ticket:number}; an answer to this letter adds to it.

${form:name}, ${desk:name}""")

CLOSING = translatable("""Hello ${customer:first_name|there},

your request ${ticket:number} is closed. If something is still open, just answer this letter.

${satisfaction:rating}

${form:name}, ${desk:name}""")

REPLY = """${letter:body}

${letter:signature}"""

SIGNATURE = """${agent:name}
${form:name}, ${desk:name}"""


@dataclass(frozen=True)
class EmailSettings:
    """Letters of one form."""

    VERSION = 1

    sender_name: str = option(
        "${agent:name}, ${desk:name}", label=_("Name of the sender"), help=_("Stands before the address in the customer's mail program."),
        variables=True, most=200,
    )  # fmt: skip
    receipt: bool = option(True, label=_("Send a receipt"), help=_("The automatic first letter: your request is registered."))
    receipt_text: str = option(RECEIPT, label=_("Receipt"), lines=8, variables=True, most=10_000)
    closing: bool = option(True, label=_("Send a closing notice"), help=_("When a ticket is closed."))
    closing_text: str = option(CLOSING, label=_("Closing notice"), lines=8, variables=True, most=10_000)
    reply_text: str = option(
        REPLY, label=_("Letter around a reply"), help=_("What the agent wrote stands where ${letter:body} is."), lines=5, variables=True,
        most=10_000,
    )  # fmt: skip
    signature: str = option(SIGNATURE, label=_("Signature"), lines=4, variables=True, most=2_000)
    quote: bool = option(True, label=_("Quote the customer's last letter below the answer"))
