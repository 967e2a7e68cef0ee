"""Servers told from an address."""

import pytest

from plugdesk_email.presets import guess_servers, preset_for, preset_for_mx, presets


@pytest.mark.parametrize(
    ("address", "code", "imap", "smtp", "port"),
    [
        ("ann@gmail.com", "gmail", "imap.gmail.com", "smtp.gmail.com", 465),
        ("ann@YA.RU", "yandex", "imap.yandex.ru", "smtp.yandex.ru", 465),
        ("ann@bk.ru", "mailru", "imap.mail.ru", "smtp.mail.ru", 465),
        ("ann@rambler.ru", "rambler", "imap.rambler.ru", "smtp.rambler.ru", 465),
        ("ann@me.com", "icloud", "imap.mail.me.com", "smtp.mail.me.com", 587),
        ("ann@firm.onmicrosoft.com", "microsoft365", "outlook.office365.com", "smtp.office365.com", 587),
        ("ann@hotmail.com", "outlook", "outlook.office365.com", "smtp-mail.outlook.com", 587),
        ("ann@yahoo.com", "yahoo", "imap.mail.yahoo.com", "smtp.mail.yahoo.com", 465),
        ("ann@zoho.eu", "zoho-eu", "imap.zoho.eu", "smtp.zoho.eu", 465),
        ("ann@fastmail.com", "fastmail", "imap.fastmail.com", "smtp.fastmail.com", 465),
    ],
)
def test_a_known_provider_is_told_by_the_domain(address: str, code: str, imap: str, smtp: str, port: int) -> None:
    preset = preset_for(address)
    assert preset is not None
    assert (preset.code, preset.imap.host, preset.imap.port, preset.smtp.host, preset.smtp.port) == (code, imap, 993, smtp, port)


@pytest.mark.parametrize("address", ["ann@shop.example", "ann@notgmail.com", "ann", "", "ann@", "@"])
def test_other_domains_have_no_preset(address: str) -> None:
    assert preset_for(address) is None


def test_icloud_signs_in_with_half_the_address_for_reading_only() -> None:
    preset = preset_for("ann@icloud.com")
    assert preset is not None
    assert (preset.imap.login_name("ann@icloud.com"), preset.smtp.login_name("ann@icloud.com")) == ("ann", "ann@icloud.com")


def test_microsoft_takes_no_password_and_rambler_lets_nobody_wait() -> None:
    known = {preset.code: preset for preset in presets()}
    assert [code for code, preset in known.items() if not preset.takes_password] == ["microsoft365", "outlook"]
    assert known["rambler"].idle_seconds == 55
    assert known["gmail"].saves_sent


def test_a_company_domain_is_told_by_its_mail_exchanger() -> None:
    found = preset_for_mx(["mx.yandex.net.", "other.example"])
    assert found is not None
    assert found.code == "yandex"
    assert preset_for_mx(["mx.shop.example"]) is None
    assert preset_for_mx(["notgoogle.com"]) is None


def test_servers_of_a_company_domain_are_guessed_and_always_encrypted() -> None:
    guesses = guess_servers("support@shop.example")
    assert [(guess.imap.host, guess.smtp.host, guess.smtp.port) for guess in guesses][:3] == [
        ("imap.shop.example", "smtp.shop.example", 465),
        ("imap.shop.example", "smtp.shop.example", 587),
        ("mail.shop.example", "mail.shop.example", 465),
    ]
    assert {guess.smtp.security for guess in guesses} == {"tls", "starttls"}
    assert guess_servers("support@фирма.рф")[0].imap.host == "imap.xn--80apmps.xn--p1ai"
    assert guess_servers("nonsense") == []


def test_every_preset_tells_what_to_do_first() -> None:
    for preset in presets():
        assert preset.help.endswith("."), preset.code
        assert preset.domains, preset.code
        assert {preset.imap.security, preset.smtp.security} <= {"tls", "starttls"}, preset.code
