"""Letters that belong to no ticket: a link that is to be confirmed. Whatever extension carries letters on the form sends them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from plugdesk.forms.models import Form
from plugdesk.html import clean_html
from plugdesk.runtime import runtime_of
from plugdesk.users.contacts import read_address


def send_letter(session: Session, form: Form, *, to: str, subject: str, html: str) -> bool:
    """Send a letter from `form` to an address, after the commit. False: nothing on this form can send letters.

    `to` is nobody's proven address: the subject and the text are the desk's own, with nothing in them that a stranger typed.
    Raises `Invalid` for what is no address.
    """
    address = read_address(to)
    sent = runtime_of(session).executor.first(
        "send_letter", form, session, expects=bool, to=address, subject=" ".join(subject.split()), html=clean_html(html)
    )
    return sent is True
