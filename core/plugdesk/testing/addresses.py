"""The addresses a plugin answers at, found in the address map and not in what the plugin says of itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.routing import Rule

from plugdesk.forms.models import Form
from plugdesk.testing.desks import ADDRESS
from plugdesk.testing.trial import Trial

STRANGE_TOKENS = ("%20", "%00", "%25", "*", "..", "a" * 2_000, "%F0%9F%98%80", "'%20or%201=1--")
REFUSED = (301, 302, 303, 400, 401, 403, 404, 405, 410)


@dataclass(frozen=True)
class Address:
    """A rule of the map: where it belongs (form, public, app, inbound, site, or elsewhere), and what it takes."""

    rule: Rule
    place: str

    @property
    def methods(self) -> list[str]:
        return sorted((self.rule.methods or set()) - {"OPTIONS"})

    def path(self, form: Form, *, sample: str = "1") -> str:
        """An address of this rule on `form`; every other part of it is `sample`, a number where it must be one."""

        def fill(part: re.Match[str]) -> str:
            if part["name"] == "slug":
                return form.slug
            return "1" if part["kind"] in ("int:", "float:") else sample

        return re.sub(r"<(?P<kind>\w+(?:\([^)]*\))?:)?(?P<name>\w+)>", fill, self.rule.rule)


def addresses_of(trial: Trial) -> list[Address]:
    """Every rule below one of the plugin's places, and those that lead to its code from elsewhere."""
    plugin = trial.case.plugin_id
    places = {
        "form": f"/forms/<slug>/x/{plugin}",
        "public": f"/p/<slug>/{plugin}",
        "app": f"/x/{plugin}",
        "inbound": f"/in/{plugin}",
    }
    if trial.manifest.address:
        places["site"] = f"/{trial.manifest.address}"
    found = []
    for rule in trial.app.url_map.iter_rules():
        place = next((name for name, start in places.items() if f"{rule.rule}/".startswith(f"{start}/")), None)
        module = str(getattr(trial.app.view_functions[rule.endpoint], "__module__", ""))
        if place or module.partition(".")[0] == trial.manifest.folder.name:
            found.append(Address(rule, place or "elsewhere"))
    return found


def open_where_off(trial: Trial, form_ids: Sequence[int], *, everywhere: bool = False) -> list[str]:
    """The addresses that do not answer 404 where the extension is off, and those where its code ran nevertheless."""
    problems: list[str] = []
    browser = trial.browser("admin")
    with trial.database.read() as session:
        forms = [session.get_one(Form, form_id) for form_id in form_ids]
    for address in addresses_of(trial):
        if address.place == "elsewhere":
            problems.append(f"{address.rule.rule} leads to its code from outside of its places.")
        elif address.place in ("form", "public") or everywhere or trial.is_for_the_desk:
            for form in forms:
                for method in address.methods:
                    with code_of(trial, address) as ran:
                        answer = browser.open(address.path(form), method=method)
                    if answer.status_code != 404 or ran:
                        problems.append(f"{method} {address.rule.rule} answers {answer.status_code} where it is off.")
    return problems


def open_to_strangers(trial: Trial) -> list[str]:
    """The addresses, with the extension on, that let in whoever has no business there; public ones know no strange token."""
    problems: list[str] = []
    with trial.database.read() as session:
        form = session.get_one(Form, trial.here)
    for address in addresses_of(trial):
        for method in address.methods:
            if address.place in ("public", "site"):
                problems += _strange_tokens(trial, form, address, method)
            elif address.place in ("form", "app"):
                for who in (None, "customer", "stranger"):
                    if who == "stranger" and address.place == "app":
                        continue  # what belongs to the desk is for every agent, unless its own code says otherwise
                    answer = trial.browser(who).open(address.path(form), method=method)
                    if answer.status_code not in REFUSED or _stays(answer):
                        name = {None: "nobody in particular", "customer": "a customer", "stranger": "an agent of another form"}[
                            who
                        ]
                        problems.append(f"{method} {address.rule.rule} answers {answer.status_code} to {name}.")
    return problems


def pages_of(trial: Trial, form_id: int) -> Iterator[tuple[str, Any]]:
    """Every page of the plugin that an admin can look at on the form, with its answer."""
    browser = trial.browser("admin")
    with trial.database.read() as session:
        form = session.get_one(Form, form_id)
    for address in addresses_of(trial):
        if "GET" in address.methods:
            path = address.path(form)
            yield path, browser.get(path)


def visited(trial: Trial) -> tuple[set[str], list[str]]:
    """The pages, menu entries, buttons above lists and command lines that were looked at with the extension on, and what was wrong with them."""
    problems: list[str] = []
    seen = {f"Pages {name}" for name in _blueprints(trial)}
    for item in _menu_of(trial):
        seen.add(f"NavItem {item.endpoint}")
        if not _is_shown(trial, item, trial.here, "admin"):
            problems.append(f"The menu entry “{item.title}” is shown nowhere.")
    for tool in _contributed(trial, "ListTool"):
        seen.add(f"ListTool {tool.endpoint}")
        if not _is_above_lists(trial, tool, "admin"):
            problems.append(f"The button “{tool.title}” stands above no list.")
    for owner, each in trial.registry.commands:
        if owner == trial.case.plugin_id:
            seen.add(f"Command {each.command.name}")
            problems += _command(trial, each.command)
    return seen, problems


def menus_where_off(trial: Trial) -> list[str]:
    """The menu entries and buttons above lists shown to those for whom the extension is off."""
    shown = [item for item in _menu_of(trial) if _is_shown(trial, item, trial.there, "stranger")]
    above = [tool for tool in _contributed(trial, "ListTool") if _is_above_lists(trial, tool, "stranger")]
    return [
        *(f"The menu entry “{item.title}” is shown where it is off." for item in shown),
        *(f"The button “{tool.title}” stands above lists where it is off." for tool in above),
    ]


class code_of:
    """Whether the function behind an address is called inside the block."""

    def __init__(self, trial: Trial, address: Address) -> None:
        self._functions, self._endpoint = trial.app.view_functions, address.rule.endpoint
        self._function = self._functions[self._endpoint]

    def __enter__(self) -> list[str]:
        ran: list[str] = []

        def noted(**given: Any) -> Any:
            ran.append(self._endpoint)
            return self._function(**given)

        self._functions[self._endpoint] = noted
        return ran

    def __exit__(self, *_: object) -> None:
        self._functions[self._endpoint] = self._function


def _stays(answer: Any) -> bool:
    """Whether a redirection leads anywhere but to the sign-in: the address did what it was asked for."""
    return answer.status_code in (301, 302, 303) and "/sign-in" not in answer.headers.get("Location", "")


def _strange_tokens(trial: Trial, form: Form, address: Address, method: str) -> Iterator[str]:
    if not set(address.rule.arguments) - {"slug"}:
        return
    for token in STRANGE_TOKENS:
        answer = trial.browser().open(address.path(form, sample=token), method=method)
        leads_to_sign_in = address.place == "site" and answer.status_code in (301, 302, 303) and not _stays(answer)
        if answer.status_code not in (400, 404, 405, 414) and not leads_to_sign_in:
            yield f"{method} {address.rule.rule} answers {answer.status_code} to the token {token[:20]!r}."


def _blueprints(trial: Trial) -> Iterable[str]:
    prefix = f"{trial.case.plugin_id}_"
    return {
        endpoint.rpartition(".")[0].removeprefix(prefix)
        for endpoint in (address.rule.endpoint for address in addresses_of(trial))
    }


def _menu_of(trial: Trial) -> list[Any]:
    return _contributed(trial, "NavItem")


def _contributed(trial: Trial, kind: str) -> list[Any]:
    return [each for owner, each in trial.registry.pages if owner == trial.case.plugin_id and type(each).__name__ == kind]


def _is_above_lists(trial: Trial, tool: Any, who: str) -> bool:
    from flask import url_for

    with trial.app.test_request_context(base_url=ADDRESS):
        url = url_for(tool.endpoint)
    return f'href="{url}?view=open' in trial.browser(who).get("/views/open").get_data(as_text=True)


def _is_shown(trial: Trial, item: Any, form_id: int, who: str) -> bool:
    from flask import url_for

    rule = next((each for each in trial.app.url_map.iter_rules() if each.endpoint == item.endpoint), None)
    if rule is None:
        return False
    with trial.database.read() as session:
        slug = session.get_one(Form, form_id).slug
    with trial.app.test_request_context(base_url=ADDRESS):
        given: dict[str, Any] = {"slug": slug} if "slug" in rule.arguments else {}
        url = url_for(item.endpoint, **given)
    browser, page = trial.browser(who), {"form": f"/forms/{slug}", "settings": "/forms", "desk": "/views/open"}[item.place]
    return f'href="{url}"' in browser.get(page).get_data(as_text=True)


def _command(trial: Trial, command: Any) -> Iterator[str]:
    from click.testing import CliRunner

    from plugdesk.commandline import Launch

    with trial.database.read() as session:
        there = session.get_one(Form, trial.there)
    launch = Launch()
    launch._runtime = trial.runtime
    if CliRunner().invoke(command, ["--help"], obj=launch).exit_code != 0:
        yield f"The command “{command.name}” has no help."
    if any("--form" in option.opts for option in command.params):
        with trial.app.app_context():
            answer = CliRunner().invoke(command, ["--form", there.slug], obj=launch, input="something")
        if answer.exit_code == 0:
            yield f"The command “{command.name}” worked on a form where the extension is off."
