"""The kit gives an author a whole desk, with nothing but the installed distribution and pytest."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

STRANGERS_TESTS = '''
"""Written by somebody who has the distribution and pytest, and nothing else of ours."""

def test_everything_is_there(app, client, form, other_form, agent, admin, customer, ticket, clock, session, runtime, no_network):
    assert (form.name, other_form.name, ticket.customer, ticket.form) == ("Support", "Sales", customer, form)
    client.sign_in(agent)
    assert ticket.subject in client.get(f"/tickets/{ticket.number}").get_data(as_text=True)
    client.sign_in(customer)
    assert client.get(f"/tickets/{ticket.number}").status_code == 403

def test_an_extension_is_switched_on_with_its_settings(enable, form, other_form):
    assert enable("csat", on=other_form, days=3).settings.days == 3
    assert other_form.has("csat") and not form.has("csat")

def test_a_plugin_in_a_folder_is_tested_without_being_installed(enable, ticket, run_jobs, session):
    from plugdesk.api import Message, Said, receive_message
    enable("shouting")
    receive_message(session, ticket, ticket.customer, said=Said(text="It still beeps."), channel="email")
    run_jobs()
    assert [message.text for message in session.query(Message)][1:] == ["It still beeps.", "IT STILL BEEPS."]

def test_a_letter_is_answered(mailbox, clock, run_jobs, session):
    from plugdesk.api import Ticket
    began = clock.now()
    mailbox.write("The lamp is dark", "Since this morning.")
    assert (clock.now() - began).seconds == 31
    assert [letter["To"] for letter in mailbox.sent] == ["ann@home.example"]
    mailbox.write("Re: The lamp", "And the other one.", answers=mailbox.sent[0])
    assert [len(ticket.messages) for ticket in session.query(Ticket)] == [3]
'''
PLUGIN = {
    "plugin.toml": 'id = "shouting"\nname = "Shouting"\nsummary = "Repeats loudly."\ncategory = "other"\nscope = "form"\napi = ">=1.0,<2"\n',
    "__init__.py": """
from plugdesk.api import Message, hookimpl, send_automatic
@hookimpl
def message_received(ctx, ticket, event):
    send_automatic(ctx.db, ticket, kind="shout", html=ctx.db.get(Message, event.message_id).text.upper())
""",
}


def test_a_stranger_has_a_desk_of_fixtures(tmp_path):
    package = tmp_path / "plugdesk_shouting"
    package.mkdir()
    for name, text in PLUGIN.items():
        (package / name).write_text(text)
    (tmp_path / "test_shouting.py").write_text(STRANGERS_TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nplugdesk_plugins = .\nfilterwarnings = error\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "plugdesk.testing.kit"]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "4 passed" in done.stdout, done.stdout + done.stderr


def test_it_is_loaded_wherever_the_distribution_is_installed():
    assert [point.value for point in entry_points(group="pytest11", name="plugdesk")] == ["plugdesk.testing.kit"]


def test_what_tries_to_leave_the_machine_fails_its_test(no_network):
    import socket

    with pytest.raises(OSError, match="stay on this machine"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    assert no_network == ["('192.0.2.1', 80)"]
    no_network.clear()
