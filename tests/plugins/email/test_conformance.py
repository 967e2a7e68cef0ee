"""E-mail passes what every plugin has to pass."""

from plugdesk.testing.conformance import *  # noqa: F403

plugin_id = "email"
PASSWORD = "a mailbox's pass-phrase"
secrets = (PASSWORD,)


def fill(ctx, ticket, text):
    from plugdesk_email.connections import Account
    from plugdesk_email.mailboxes import add_mailbox
    from plugdesk_email.models import Security

    server = {"imap_host": "127.0.0.1", "imap_port": 9, "imap_security": Security.PLAIN}
    server |= {"smtp_host": "127.0.0.1", "smtp_port": 9, "smtp_security": Security.PLAIN, "own_network": True}
    account = Account(address=f"box{ticket.id}@desk.example", login=text[:50] or "box", password=PASSWORD, **server)
    add_mailbox(ctx, account, by=None)
