"""The demo passes what every plugin has to pass."""

from plugdesk.testing.conformance import *  # noqa: F403

plugin_id = "demo"
also_on = ("email", "csat")
also_imports = ("plugdesk.testing", "smtplib", "socket")  # it brings a mail server of its own, on loopback
