"""What a person has to do at each mail provider before a mailbox can be connected: English msgids by the preset's code."""


def _(message: str) -> str:
    """Marks a text for the translators; it is translated where it is shown."""
    return message


_MICROSOFT = _(
    "Microsoft does not take passwords from mail programs any more; a mailbox can only be connected through its own sign-in (OAuth 2.0)."
)
_ZOHO = _("Switch on IMAP in the settings of Zoho Mail. With two-factor authentication enter an app-specific password.")

HELP: dict[str, str] = {
    "gmail": _(
        "Google does not take your usual password. Switch on 2-step verification in your Google account, make an app password there, and enter that."
    ),
    "microsoft365": _MICROSOFT,
    "outlook": _MICROSOFT,
    "yandex": _(
        "Allow mail programs (IMAP) in the settings of Yandex Mail, then make an app password of the kind Mail in Yandex ID and enter that. A changed account password ends all app passwords."
    ),
    "mailru": _(
        "Mail.ru does not take your usual password. Make a password for external applications in the security settings of the mailbox and enter that."
    ),
    "rambler": _("Allow access for mail programs in the settings of Rambler Mail, then enter your usual password."),
    "icloud": _(
        "Apple takes only an app-specific password. Make one in your Apple account (two-factor authentication has to be on) and enter that."
    ),
    "yahoo": _(
        "Yahoo does not take your usual password. Make an app password in the security settings of your Yahoo account and enter that."
    ),
    "zoho": _ZOHO,
    "zoho-eu": _ZOHO,
    "zoho-in": _ZOHO,
    "fastmail": _("Fastmail takes only an app password. Make one under Settings, Privacy and security, and enter that."),
}
