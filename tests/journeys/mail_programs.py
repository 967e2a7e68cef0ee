"""How people's mail programs answer a letter: who wraps whose words how, in text and in HTML."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from email.utils import make_msgid
from html import escape

Program = Callable[[EmailMessage, str, str], EmailMessage]


def gmail(asked: EmailMessage, words: str, sender: str) -> EmailMessage:
    """Gmail in English: an attribution line, then everything behind “>” and in `gmail_quote`."""
    head = f"On Mon, Nov 23, 2026 at 10:12 AM {_name(asked)} <{_address(asked)}> wrote:"
    html = (
        f'<div dir="ltr">{_html(words)}</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">'
        f'{escape(head)}<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);'
        f'padding-left:1ex">{_html(_text(asked))}</blockquote></div>'
    )
    return _answer(asked, sender, f"{words}\n\n{head}\n\n{_quoted(asked)}", html)


def outlook(asked: EmailMessage, words: str, sender: str) -> EmailMessage:
    """Outlook for Windows: a block of From, Sent, To and Subject, no marks before the quoted lines."""
    head = [
        f"From: {_name(asked)} <{_address(asked)}>",
        "Sent: Monday, November 23, 2026 10:12 AM",
        f"To: {sender}",
        f"Subject: {asked['Subject']}",
    ]
    html = (
        f'<div class="WordSection1"><p class="MsoNormal">{_html(words)}</p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt;'
        f'padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal"><b>From:</b> {escape(_name(asked))} &lt;{_address(asked)}&gt;<br><b>Sent:</b> Monday, '
        f"November 23, 2026 10:12 AM<br><b>To:</b> {escape(sender)}<br><b>Subject:</b> {escape(asked['Subject'])}</p></div></div>"
        f'<p class="MsoNormal">{_html(_text(asked))}</p></div>'
    )
    made = _answer(asked, sender, "\n".join([words, "", *head, "", _text(asked)]), html)
    del made["References"]  # many Outlooks keep only the letter they answer
    return made


def apple_mail(asked: EmailMessage, words: str, sender: str) -> EmailMessage:
    """Apple Mail: the answer, and the letter in `blockquote type="cite"`."""
    head = f"On 23 Nov 2026, at 10:12, {_name(asked)} <{_address(asked)}> wrote:"
    html = (
        f'<html><body style="overflow-wrap: break-word;">{_html(words)}<br id="lineBreakAtBeginningOfMessage"><div><br><blockquote type="cite">'
        f"<div>{escape(head)}</div><br><div>{_html(_text(asked))}</div></blockquote></div><br></body></html>"
    )
    return _answer(asked, sender, f"{words}\n\n> {head}\n> \n{_quoted(asked)}", html)


def thunderbird(asked: EmailMessage, words: str, sender: str) -> EmailMessage:
    """Thunderbird in German, plain text only."""
    return _answer(asked, sender, f"{words}\n\nAm 23.11.26 um 10:12 schrieb {_name(asked)}:\n{_quoted(asked)}\n", None)


def yandex(asked: EmailMessage, words: str, sender: str) -> EmailMessage:
    """Yandex Mail in Russian: HTML only, with a Russian prefix of the subject."""
    html = (
        f"<div>{_html(words)}</div><div> </div>"
        f"<div>23.11.2026, 10:12, &quot;{escape(_name(asked))}&quot; &lt;{_address(asked)}&gt;:</div><blockquote>{_html(_text(asked))}</blockquote>"
    )
    return _answer(asked, sender, None, html, prefix="Отв:")


def mail_ru(asked: EmailMessage, words: str, sender: str) -> EmailMessage:
    """Mail.ru in Russian, in KOI8-R: the date first, then “от”."""
    head = f"Понедельник, 23 ноября 2026, 10:12 +03:00 от {_name(asked)} <{_address(asked)}>:"
    made = _answer(asked, sender, f"{words}\n \n{head}\n{_quoted(asked)}\n", None)
    made.set_content(f"{words}\n \n{head}\n{_quoted(asked)}\n".encode("koi8-r", "replace").decode("koi8-r"), charset="koi8-r")
    return made


def without_references(asked: EmailMessage, words: str, sender: str) -> EmailMessage:
    """A telephone that writes a new letter with the old subject: only the number in it is left of the thread."""
    made = _answer(asked, sender, words, None)
    del made["In-Reply-To"], made["References"]
    return made


PROGRAMS: dict[str, Program] = {
    each.__name__: each for each in (gmail, outlook, apple_mail, thunderbird, yandex, mail_ru, without_references)
}


def _answer(asked: EmailMessage, sender: str, text: str | None, html: str | None, *, prefix: str = "Re:") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"] = sender, asked["From"]
    made["Subject"] = asked["Subject"] if prefix == "Re:" else f"{prefix} {asked['Subject']}"
    made["Message-ID"] = make_msgid(domain="mail.example.com")
    made["In-Reply-To"], made["References"] = asked["Message-ID"], f"{asked['References'] or ''} {asked['Message-ID']}".strip()
    if text is not None:
        made.set_content(text)
    if html is not None and text is not None:
        made.add_alternative(html, subtype="html")
    elif html is not None:
        made.set_content(html, subtype="html")
    return made


def _name(asked: EmailMessage) -> str:
    return str(asked["From"].addresses[0].display_name)


def _address(asked: EmailMessage) -> str:
    return str(asked["From"].addresses[0].addr_spec)


def _text(asked: EmailMessage) -> str:
    body = asked.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).strip()


def _quoted(asked: EmailMessage) -> str:
    return "\n".join(f"> {line}".rstrip() for line in _text(asked).splitlines())


def _html(text: str) -> str:
    return escape(text).replace("\n", "<br>\n")
