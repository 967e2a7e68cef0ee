"""Runs one implementation after another, each for itself: SAVEPOINT, breaker, timing; what fails is put aside.

Arguments, results and failures of each kind of hook are told in `plugdesk.hooks`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session, SessionTransaction

from plugdesk.database import StatementLimit
from plugdesk.errors import NotAllowed, PlugdeskError
from plugdesk.forms.models import Desk, Form
from plugdesk.plugins.breaker import Breaker
from plugdesk.plugins.figures import Figures
from plugdesk.plugins.registry import Implementation, Registry

if TYPE_CHECKING:
    from plugdesk.plugins.context import Context

log = logging.getLogger(__name__)
ANSWERS_IN_WORDS = frozenset({"check_settings"})
_UNCHANGING = frozenset({str, int, float, bool, type(None)})
DECISION_LIMIT = 1.0  # seconds; an overrun opens the breaker at once


class Veto(NotAllowed):
    """What an implementation raises to refuse: the reason and the way out, in a sentence. Passes through the executor."""


Check = Callable[[Any], None]
"""Raises for a result that is of no use. None, which means nothing to say, is not asked about."""


class Failed:
    """What `run_each` yields in place of a result for a plugin that failed."""

    def __init__(self, plugin: str, error: BaseException) -> None:
        self.plugin = plugin
        self.error = error


class Suspended(Exception):
    """The breaker is open: the plugin was not called."""


class Executor:
    """Calls plugins. `passthrough` are exceptions that are never a plugin's own failure."""

    passthrough: tuple[type[BaseException], ...] = (Veto, KeyboardInterrupt, GeneratorExit)

    def __init__(
        self, registry: Registry, breaker: Breaker, figures: Figures, context: Callable[..., Context], *, strict: bool
    ) -> None:
        self.registry = registry
        self.breaker = breaker
        self.figures = figures
        self.context = context
        self.strict = strict

    def allows(self, plugin: str, scope: Form | Desk) -> bool:
        """Whether the breaker lets `plugin` run in `scope` now."""
        return not scope.suspended or self.breaker.allows(plugin, scope)

    def enabled(self, scope: Form | Desk, session: Session) -> tuple[str, ...]:
        """The plugins that are on in `scope`: the form's own, and what is on for the whole desk."""
        runtime = session.info["runtime"]
        return self.registry.enabled(scope, scope if isinstance(scope, Desk) else runtime.desk(session))

    def first(self, hook: str, scope: Form | Desk, session: Session, *, expects: type = object, **given: Any) -> Any:
        """The first answer that is not None; a plugin that fails, or answers with anything but `expects`, is passed over."""
        for implementation in self.registry.implementations(hook, self.enabled(scope, session)):
            result = self._run(implementation, scope, session, given, "decision", check=partial(_must_be, expects))
            if result is not None and not isinstance(result, Failed):
                return result
        return None

    def decide(
        self, plugin: str, hook: str, scope: Form | Desk, session: Session, *, expects: type = object, **given: Any
    ) -> Any:
        """One plugin's decision; None when it has none or failed. The caller has seen that it is on in `scope`."""
        implementation = self.registry.implementation(hook, plugin)
        if implementation is None:
            return None
        result = self._run(implementation, scope, session, given, "decision", check=partial(_must_be, expects))
        return None if isinstance(result, Failed) else result

    def filter(
        self, hook: str, scope: Form | Desk, session: Session, value: Mapping[str, Any], *, name: str, check: Check | None = None,
        **given: Any,
    ) -> tuple[Mapping[str, Any], list[str]]:  # fmt: skip
        """`value` as each plugin in turn leaves it, and the plugins that failed (their part stays as it was).

        `check(result)` raises for what nobody can use; the plugin then counts as one that failed.
        """
        failed = []

        def usable(result: Any) -> None:
            _must_be(Mapping, result)
            if check is not None:
                check(result)

        for implementation in self.registry.implementations(hook, self.enabled(scope, session)):
            # Its own copy: what it changed before it failed must not stay.
            result = self._run(implementation, scope, session, {**given, name: _own_copy(value)}, "decision", check=usable)
            if isinstance(result, Failed):
                failed.append(result.plugin)
            elif result is not None:
                value = result
        return value, failed

    def follow(self, hook: str, scope: Form | Desk, session: Session, **given: Any) -> list[str]:
        """Have each plugin do its part of a change; the ids of those that failed, whose part is not done."""
        implementations = self.registry.implementations(hook, self.enabled(scope, session))
        results = [(each.plugin, self._run(each, scope, session, given, "decision")) for each in implementations]
        return [plugin for plugin, result in results if isinstance(result, Failed)]

    def ask_everyone(self, hook: str, scope: Form | Desk, session: Session, **given: Any) -> None:
        """A veto asked of every loaded plugin, on or off: `Veto` passes through; a failure means what the hook says."""
        fails = self.registry.specs[hook].plugdesk_options["fails"]
        for implementation in self.registry.implementations(hook, tuple(self.registry.plugins)):
            result = self._run(implementation, scope, session, given, "decision")
            if isinstance(result, Failed) and fails == "deny":
                raise Veto(_refusal(implementation.plugin))

    def ask(self, plugin: str, hook: str, scope: Form | Desk, session: Session, **given: Any) -> Any:
        """One plugin's answer to a hook asked by a page; None when it has none or failed.

        Where the hook's answer is for the person who asked (`check_settings`), a refusal in words passes through.
        """
        implementation = self.registry.implementation(hook, plugin)
        if implementation is None:
            return None
        refuses = hook in ANSWERS_IN_WORDS
        result = self._run(implementation, scope, session, given, "asked", refuses=refuses, check=partial(_must_be, Sequence))
        return None if isinstance(result, Failed) else result

    def announce(self, plugin: str, hook: str, scope: Form | Desk, session: Session, **given: Any) -> None:
        """Tell one plugin; its error is raised again after its SAVEPOINT was rolled back, `Suspended` when it was not told."""
        implementation = self.registry.implementation(hook, plugin)
        if implementation is None:
            return
        result = self._run(implementation, scope, session, given, "hook")
        if isinstance(result, Failed):
            raise result.error

    def run(
        self, plugin: str, what: str, scope: Form | Desk, session: Session, function: Callable[..., Any], *args: Any, **given: Any
    ) -> Any:
        """Run a function a plugin contributed (a panel, a column, variables) as `function(ctx, *args, **given)`.

        Returns its result, or `Failed` when it raised or is suspended here.
        """
        implementation = Implementation(plugin, what, function, (), bare=False)
        return self._run(implementation, scope, session, given, "asked", args)

    def know(
        self, plugin: str, what: str, scope: Form | Desk, session: Session, function: Callable[..., Any], *args: Any, **given: Any
    ) -> Any:
        """Like `run`, for what is asked within a change as well: it is under the rules of decisions, which never wait."""
        implementation = Implementation(plugin, what, function, (), bare=False)
        return self._run(implementation, scope, session, given, "decision", args)

    def do(
        self, plugin: str, what: str, scope: Form | Desk, session: Session, function: Callable[..., Any], *args: Any, **given: Any
    ) -> Any:
        """Like `run`, for what a person pressed: a refusal in words (`PlugdeskError`) passes through and is no failure."""
        implementation = Implementation(plugin, what, function, (), bare=False)
        return self._run(implementation, scope, session, given, "asked", args, refuses=True)

    def act(
        self, plugin: str, what: str, scope: Form | Desk, session: Session, function: Callable[..., Any], *args: Any, **given: Any
    ) -> Any:
        """Like `do`, within a change of a ticket: it is under the rules of decisions, which never wait."""
        implementation = Implementation(plugin, what, function, (), bare=False)
        return self._run(implementation, scope, session, given, "decision", args, refuses=True)

    def failed(self, plugin: str, what: str, scope: Form | Desk, session: Session, error: BaseException) -> None:
        """Count what failed of a plugin that was called by itself, before there was a session."""
        self._fault(Implementation(plugin, what, self.failed, (), bare=True), scope, session, error)

    def _run(
        self,
        implementation: Implementation,
        scope: Form | Desk,
        session: Session,
        given: Mapping[str, Any],
        kind: str,
        args: tuple[Any, ...] | None = None,
        *,
        refuses: bool = False,
        check: Check | None = None,
    ) -> Any:
        plugin = implementation.plugin
        suspended = scope.suspended
        if suspended and not self.breaker.allows(plugin, scope):
            return Failed(plugin, Suspended(f"{plugin} is suspended here"))
        # Outside of the guard: it writes what the desk itself has changed so far, and fails if that is wrong.
        savepoint = session.begin_nested() if not implementation.bare and _wants_savepoint(session) else None
        limit = StatementLimit(session, DECISION_LIMIT) if kind == "decision" and savepoint is not None else None
        started = perf_counter()
        try:
            if args is not None:
                result = implementation.function(self.context(plugin, scope, session, kind), *args, **given)
            elif implementation.bare:
                result = implementation.function(*[given[name] for name in implementation.wants])
            else:
                ctx = self.context(plugin, scope, session, kind)
                result = implementation.function(*[ctx if name == "ctx" else given[name] for name in implementation.wants])
            if result is not None and check is not None:
                check(result)
            if savepoint is not None:
                if limit is not None:
                    session.flush()  # what it left to be written is under its limit, too
                    limit.lift()
                savepoint.commit()
        except self.passthrough:
            _undo(session, savepoint, limit)
            raise
        except BaseException as error:
            _undo(session, savepoint, limit)
            if refuses and isinstance(error, PlugdeskError):
                raise
            took = perf_counter() - started
            self._fault(implementation, scope, session, error, took, overrun=kind == "decision" and took > DECISION_LIMIT)
            if self.strict:
                raise
            return Failed(plugin, error)
        took = perf_counter() - started
        if took > DECISION_LIMIT and kind == "decision":
            late = TimeoutError(f"{implementation.hook}() took {took:.1f} s, the limit is {DECISION_LIMIT:g} s")
            self._fault(implementation, scope, session, late, took, overrun=True)
            return result
        self.figures.count(plugin, scope.id, implementation.hook, took)
        if suspended or self.breaker.has_failures:
            self.breaker.succeeded(plugin, scope, session)
        return result

    def _fault(
        self,
        implementation: Implementation,
        scope: Form | Desk,
        session: Session,
        error: BaseException,
        took: float = 0.0,
        *,
        overrun: bool = False,
    ) -> None:
        plugin, hook = implementation.plugin, implementation.hook
        log.warning("Plugin %s failed in %s on %s", plugin, hook, getattr(scope, "slug", "the desk"), exc_info=error)
        self.figures.count(plugin, scope.id, hook, took, error=error)
        self.breaker.failed(plugin, scope, session, error, at_once=overrun)


def _undo(session: Session, savepoint: SessionTransaction | None, limit: StatementLimit | None) -> None:
    """Roll back to the SAVEPOINT, also when a failed flush has already taken it down: until then the session takes nothing."""
    if limit is not None:
        limit.forget()
    if savepoint is not None and savepoint in _open_transactions(session):
        savepoint.rollback()
    elif savepoint is None and not session.is_active and session.info.get("readonly"):
        session.rollback()  # a page's session holds nothing that could be lost


def _open_transactions(session: Session) -> list[SessionTransaction]:
    found = []
    each = session.get_nested_transaction()
    while each is not None:
        found.append(each)
        each = each.parent
    return found


def _wants_savepoint(session: Session) -> bool:
    """A SAVEPOINT guards what is written; on a session that only reads, only PostgreSQL needs one to go on after an error."""
    return not session.info.get("readonly") or session.info["runtime"].database.dialect == "postgresql"


def _own_copy(value: Any) -> Any:
    """What `deepcopy` makes of the values decisions are about, which are those of JSON, in a tenth of its time."""
    kind = type(value)
    if kind in _UNCHANGING:
        return value
    if kind is dict:
        return {name: each if type(each) in _UNCHANGING else _own_copy(each) for name, each in value.items()}
    if kind is list:
        return [_own_copy(each) for each in value]
    return deepcopy(value)


def _refusal(plugin: str) -> str:
    from plugdesk.i18n import gettext as _

    return _("The extension “%(id)s” had to be asked and failed, so this was not done. See its page under Extensions.", id=plugin)


def _must_be(kind: type, result: Any) -> None:
    if not isinstance(result, kind):
        raise TypeError(f"It returned {type(result).__name__}, not {kind.__name__}.")
