"""What the customer newly wrote, in the quoting styles of the programs people use."""

import json
import re
from pathlib import Path

import pytest

from plugdesk_email.htmlquotes import split_html
from plugdesk_email.htmltext import html_to_text
from plugdesk_email.parse import parse_email
from plugdesk_email.quotes import split_reply

RU = "Здравствуйте!\n\nЗаказ так и не пришёл.\nЧто делать?"
EN = "Hello,\n\nthe order has not arrived.\nWhat shall I do?"

TEXTS = {
    "Gmail in Russian": (
        RU,
        "пн, 2 нояб. 2026 г. в 10:15, Поддержка <support@shop.example>:\n\n> Ваш заказ отправлен.\n>\n> Поддержка",
    ),
    "Gmail in English": (
        EN,
        "On Mon, Nov 2, 2026 at 10:15 AM Shop Support <\nsupport@shop.example> wrote:\n\n> Your order is on its way.",
    ),
    "Yandex": (RU, "02.11.2026, 10:15, «Поддержка» <support@shop.example>:\n\n> Ваш заказ отправлен.\n> Поддержка"),
    "Mail.ru": (
        RU,
        "Понедельник, 2 ноября 2026, 10:15 +03:00 от Поддержка <support@shop.example>:\n \nВаш заказ отправлен.\n\nПоддержка",
    ),
    "Outlook in Russian": (
        RU,
        "From: Поддержка <support@shop.example>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Анна <ann@example.com>\nSubject: Заказ\n\nОтправлен.",
    ),
    "Outlook in Russian, all of it": (
        RU,
        "От: Поддержка [mailto:support@shop.example]\nОтправлено: 2 ноября 2026 г. 10:15\nКому: Анна\nТема: Заказ 17\n\nВаш заказ отправлен.",
    ),
    "Outlook in English": (
        EN,
        "-----Original Message-----\nFrom: Support <support@shop.example>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Ann\nSubject: Order\n\nSent.",
    ),
    "Outlook on the web": (
        EN,
        "________________________________\nFrom: Support <support@shop.example>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Ann\nSubject: Order\n\nHi",
    ),
    "Apple Mail in Russian": (
        RU,
        "> 2 нояб. 2026 г., в 10:15, Поддержка <support@shop.example> написал(а):\n> \n> Ваш заказ отправлен.",
    ),
    "Apple Mail in English": (
        EN,
        "> On 2 Nov 2026, at 10:15, Support <support@shop.example> wrote:\n> \n> Your order is on its way.",
    ),
    "Thunderbird in Russian": (RU, "02.11.2026 10:15, Поддержка пишет:\n> Ваш заказ отправлен."),
    "Thunderbird in English": (EN, "On 02/11/2026 10:15, Support wrote:\n> Your order is on its way."),
    "The Bat!": (RU, "Вы писали 2 ноября 2026 г., 10:15:33:\n\n> Ваш заказ отправлен.\n\n> Поддержка"),
    "a divider in Russian": (
        RU,
        "-------- Исходное сообщение --------\nОт: Поддержка <support@shop.example>\nДата: 02.11.2026 10:15\n\nВаш заказ отправлен.",
    ),
    "a forwarded letter of Yandex": (
        RU,
        "-------- Пересылаемое сообщение --------\n02.11.2026, 10:15, Поддержка <support@shop.example>:\n\nВаш заказ отправлен.\n-------- Конец пересылаемого сообщения --------",
    ),
    "our own line": (RU, "## Пишите выше этой строки ##\n\nВаш заказ отправлен.\nПоддержка"),
    "a phone of Samsung": (
        EN,
        "-------- Original message --------\nFrom: Support <support@shop.example>\nDate: 02/11/2026 10:15 (GMT+03:00)\nTo: ann@example.com\nSubject: Order\n\nSent.",
    ),
}

RU_HTML = "<p>Здравствуйте!</p><p>Заказ так и не пришёл.<br>Что делать?</p>"
HTMLS = {
    "Gmail": f'<div dir="ltr">{RU_HTML}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">пн, 2 нояб. 2026 г. в 10:15, Поддержка &lt;<a href="mailto:support@shop.example">support@shop.example</a>&gt;:<br></div><blockquote class="gmail_quote" style="margin:0 0 0 .8ex">Ваш заказ отправлен.</blockquote></div>',
    "Yandex": f'<div>{RU_HTML}</div><div> </div><div>02.11.2026, 10:15, "Поддержка" &lt;support@shop.example&gt;:</div><blockquote><div>Ваш заказ отправлен.</div></blockquote>',
    "Mail.ru": f'{RU_HTML}<blockquote style="border-left:1px solid #0857A6; margin:10px; padding:0 0 0 10px;">Понедельник, 2 ноября 2026, 10:15 +03:00 от Поддержка &lt;support@shop.example&gt;:<br> <div id="">Ваш заказ отправлен.</div></blockquote>',
    "Outlook": f"<div class=WordSection1>{RU_HTML}<div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b>От:</b> Поддержка<br><b>Тема:</b> Заказ</p></div></div><p class=MsoNormal>Ваш заказ отправлен.</p></div>",
    "Outlook on the web": f'<div>{RU_HTML}</div><div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><b>From:</b> Support<br></div><div>Ваш заказ отправлен.</div>',
    "Apple Mail": f'<html><body>{RU_HTML}<br><div><blockquote type="cite"><div>2 нояб. 2026 г., в 10:15, Поддержка &lt;support@shop.example&gt; написал(а):</div><br><div>Ваш заказ отправлен.</div></blockquote></div></body></html>',
    "Thunderbird": f'<html><body>{RU_HTML}<div class="moz-cite-prefix">02.11.2026 10:15, Поддержка пишет:<br></div><blockquote type="cite" cite="mid:1@x">Ваш заказ отправлен.</blockquote></body></html>',
    "The Bat!": f"{RU_HTML}<p>Вы писали 2 ноября 2026 г., 10:15:33:</p><table><tr><td bgcolor=#0000ff></td><td>Ваш заказ отправлен.</td></tr></table>",
}


@pytest.mark.parametrize(("reply", "older"), TEXTS.values(), ids=TEXTS)
def test_the_reply_is_what_stands_above_the_older_letter(reply: str, older: str) -> None:
    split = split_reply(f"{reply}\n\n{older}\n")
    assert split[0] == reply
    assert "отправлен" in split[1].lower() or "order" in split[1].lower()


@pytest.mark.parametrize("html", HTMLS.values(), ids=HTMLS)
def test_the_reply_in_html_is_what_stands_above_the_older_letter(html: str) -> None:
    reply, quoted = split_html(html)
    assert re.sub(r"\n+", "\n", html_to_text(reply)) == re.sub(r"\n+", "\n", RU)
    assert "Ваш заказ отправлен." in quoted


@pytest.mark.parametrize("html", HTMLS.values(), ids=HTMLS)
def test_a_letter_with_only_html_has_the_same_reply(html: str) -> None:
    raw = b"From: ann@example.com\nContent-Type: text/html; charset=utf-8\n\n" + html.encode()
    assert re.sub(r"\n+", "\n", parse_email(raw).reply) == re.sub(r"\n+", "\n", RU)


@pytest.mark.parametrize(
    ("text", "reply", "signature"),
    [
        ("Hello\n\n-- \nAnn\nShop", "Hello", "--\nAnn\nShop"),
        ("Привет\n\n--\nАнна", "Привет", "--\nАнна"),
        ("Hello\n\nSent from my iPhone", "Hello", "Sent from my iPhone"),
        ("Привет\n\nОтправлено с iPhone", "Привет", "Отправлено с iPhone"),
        (
            "Где заказ?\n\nС уважением,\nАнна Петрова\n+7 900 000-00-00",
            "Где заказ?",
            "С уважением,\nАнна Петрова\n+7 900 000-00-00",
        ),
    ],
)
def test_a_signature_is_told_apart(text: str, reply: str, signature: str) -> None:
    assert split_reply(text) == (reply, "", signature)


@pytest.mark.parametrize(
    "text",
    [
        "On Monday I wrote:\nplease send it back\nand nobody did.",
        "Вчера я вам писал:\nверните деньги",
        "From: what I see, you are closed.\nWhen do you open?",
        "Sent from my account were ten letters, none of them mine.",
        "С уважением отношусь к вашей работе. Но где заказ?",
        "---\nthe line above is mine\n---\nand so is the one below",
        "_________________________\nNumbers\n1\n2",
        "In 2024, Ann <ann@example.com> ordered three and I have two questions:\n1. Where are they?\n2. Why?",
        "Доставка: Москва\nТема: возврат\nКому: отделу продаж — верните деньги",
        "> only a quotation",
        "--\nAnn",
    ],
)
def test_what_only_looks_like_a_quotation_stays_in_the_reply(text: str) -> None:
    assert split_reply(text) == (text.strip(), "", "")


def test_an_answer_below_the_quotation_stays() -> None:
    text = "On 02/11/2026 10:15, Support wrote:\n> Which colour?\n\nBlue, please.\n\n> And the size?\n\nLarge."
    assert [word in split_reply(text)[0] for word in ("Blue, please.", "Large.", "colour", "Support")] == [
        True,
        True,
        False,
        False,
    ]


def test_an_answer_below_the_quotation_stays_in_html() -> None:
    html = '<div class="moz-cite-prefix">On 02/11/2026 10:15, Support wrote:</div><blockquote type="cite">Which?</blockquote><p>Blue, please.</p>'
    assert html_to_text(split_html(html)[0]) == "Blue, please."


def test_text_moved_to_the_right_is_no_quotation() -> None:
    html = '<div>See:</div><blockquote style="margin:0 0 0 40px;border:none;padding:0px">my own list</blockquote>'
    assert split_html(html) == (html, "")


def test_no_line_is_lost() -> None:
    text = "\n".join([EN, "", *TEXTS["Gmail in English"][1].split("\n"), "", "> more", "mine", "-- ", "Ann"])
    kept = "\n".join(split_reply(text)).split("\n")
    assert {line.rstrip() for line in text.split("\n")} <= {line.rstrip() for line in kept}


@pytest.mark.parametrize(
    "text",
    [
        "> " * 50_000,
        "\n" * 200_000,
        "On 1.1.2026 " * 20_000,
        ("On Mon, X wrote:\n" + ">" * 40 + " t\n") * 3000,
        "a:" * 100_000,
        "-" * 200_000,
    ],
)
def test_splitting_takes_linear_time(text: str) -> None:
    split_reply(text)


def test_replies_in_ten_languages_lose_nothing(corpora: Path) -> None:
    folder = corpora / "email-reply-parser-crisp"
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    exact, lost, count = 0, [], 0
    for name, rows in expected["mails"].items():
        if not any(row.get("reply") == expected["common"] for row in rows):
            continue
        count += 1
        reply = _tidy(split_reply((folder / "fixtures" / name).read_text("utf-8"))[0])
        exact += reply == _tidy(expected["common"])
        if _tidy(expected["common"]) not in reply:
            lost.append(name)
    assert (count, lost) == (43, [])
    assert exact >= 41, f"{exact} of {count} replies are exact; the floor of others is 17"


def test_replies_of_well_known_programs(corpora: Path) -> None:
    folder = corpora / "talon"
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    wrong = []
    for name, reply in expected["standard_replies"].items():
        letter = parse_email((folder / "standard_replies" / name).read_bytes())
        if _tidy(reply) not in (_tidy(letter.reply), _tidy(f"{letter.reply}\n\n{letter.signature}")):
            wrong.append(name)
    assert wrong == [], f"{len(wrong)} of 12 text replies are wrong; the floor of others is 2"
    for name, reply in expected["html_replies"].items():
        html = (folder / "html_replies" / name).read_text("utf-8")
        if re.sub(r"\s", "", html_to_text(split_html(html)[0])) != reply:
            wrong.append(name)
    assert wrong == []


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().split("\n"))
