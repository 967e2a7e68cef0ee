"""Who writes in a chat: people and bots have a number, a name and perhaps a user name."""

from __future__ import annotations


class Account:
    """A person or a bot. Two accounts are the same when their numbers are."""

    is_bot = False

    def __init__(self, number: int, first_name: str, last_name: str = "", username: str = "", language_code: str = "") -> None:
        self.id = number
        self.first_name = first_name
        self.last_name = last_name
        self.username = username
        self.language_code = language_code

    @property
    def name(self) -> str:
        """First and last name together."""
        return f"{self.first_name} {self.last_name}".strip()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Account) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.name}>"
