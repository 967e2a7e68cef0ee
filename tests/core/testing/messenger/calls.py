"""Calls of the Bot API over HTTP, as a bot makes them."""

from __future__ import annotations

from typing import Any

import httpx

from plugdesk.testing.messenger import LocalMessenger


class Api:
    """`ok` gives the result of what went well, `refused` code and words of what did not."""

    def __init__(self, messenger: LocalMessenger, token: str) -> None:
        self.http = httpx.Client(base_url=messenger.address, timeout=60, verify=False)
        self.token = token

    def answer(self, method: str, **arguments: Any) -> httpx.Response:
        return self.http.post(f"/bot{self.token}/{method}", json=arguments)

    def ok(self, method: str, **arguments: Any) -> Any:
        answer = self.answer(method, **arguments)
        assert (answer.status_code, answer.json()["ok"]) == (200, True), answer.text
        return answer.json()["result"]

    def refused(self, method: str, **arguments: Any) -> tuple[int, str]:
        answer = self.answer(method, **arguments)
        body = answer.json()
        assert body["ok"] is False and body["error_code"] == answer.status_code, answer.text
        return answer.status_code, body["description"]

    def sent(self, method: str, data: dict[str, Any], **files: Any) -> httpx.Response:
        return self.http.post(f"/bot{self.token}/{method}", data=data, files=files)

    def updates(self, **arguments: Any) -> list[dict[str, Any]]:
        """Fetches what waits, and confirms it."""
        found: list[dict[str, Any]] = self.ok("getUpdates", **arguments)
        if found:
            self.ok("getUpdates", offset=found[-1]["update_id"] + 1)
        return found
