"""Addresses compiled once a run: each test has an application of its own, and all have the same routes."""

from __future__ import annotations

from typing import Any, ClassVar

from werkzeug.routing import Rule


class SharedRule(Rule):
    """A route that takes over what was compiled for the same route of another application.

    Werkzeug makes two functions a route from syntax trees, each time anew: nine tenths of making an application. They ask
    the rule they are called with for its converters, which know nothing of their application here, so they serve all.
    """

    _compiled: ClassVar[dict[Any, dict[str, Any]]] = {}

    def compile(self) -> None:
        """As werkzeug's, once a route."""
        defaults = tuple(sorted((name, repr(value)) for name, value in (self.defaults or {}).items()))
        key = (self.rule, self.subdomain, self.host, self.merge_slashes, defaults)
        if key not in self._compiled:
            before = dict(vars(self))
            super().compile()
            changed = {name: value for name, value in vars(self).items() if before.get(name) is not value}
            self._compiled[key] = changed | {"arguments": self.arguments}
        for name, value in self._compiled[key].items():
            bound = getattr(value, "__func__", None)
            setattr(self, name, bound.__get__(self, None) if bound else value)
