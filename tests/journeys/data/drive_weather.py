"""Steps of the journey that need the desk itself, in a Python in which the plugin is installed; prints what was seen."""

import json
import sys

import sqlalchemy as sa

from plugdesk.app import create_app
from plugdesk.forms.models import Form
from plugdesk.opening import open_runtime
from plugdesk.plugins.switch import save_plugin_settings
from plugdesk.settings import Settings
from plugdesk.testing.browser import browser_of
from plugdesk.testing.desks import add_customer, add_form, add_staff, add_ticket
from plugdesk.users.models import Role, User
from plugdesk.worker import Worker

SECRET = "a key of nobody"
runtime = open_runtime(Settings.read(base_url="https://desk.example"))


def form_of(session, slug="support"):
    return session.scalars(sa.select(Form).where(Form.slug == slug)).one()


def set_up():
    with runtime.database.write() as session:
        add_form(session, "Support"), add_form(session, "Sales")
        add_staff(session, "Marta Grun", Role.ADMIN)


def fill_in_the_settings():
    with runtime.database.write() as session:
        save_plugin_settings(session, form_of(session), "weather", {"key": SECRET, "place": "Riga"}, 0, None)


def look():
    with runtime.database.write() as session:
        number = add_ticket(session, form_of(session), add_customer(session)).id
    Worker(runtime, "journey").run_due()
    browser = browser_of(create_app(runtime))
    with runtime.database.read() as session:
        browser.sign_in(session.scalars(sa.select(User).where(User.role == Role.ADMIN)).one())
    ticket, tickets = (browser.get(path).get_data(as_text=True) for path in (f"/tickets/{number}", "/views/open"))
    return {
        "panel": '<p id="weather">Riga</p><p>Rain over The till beeps</p>' in ticket,
        "column": "Rain over The till beeps" in tickets,
        "public": browser.get("/p/support/weather/").status_code,
        "elsewhere": browser.get("/p/sales/weather/").status_code,
        "secret": SECRET in ticket + tickets,
    }


step = {"set up": set_up, "fill in the settings": fill_in_the_settings, "look": look}[sys.argv[1]]
print(json.dumps(step() or {}))
runtime.close()
