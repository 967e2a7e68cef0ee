"""Templates with the words of one language compiled in: what a page says costs nothing when it is drawn.

Each language has a Jinja environment of its own. `_("…")` with a plain text is replaced when the template is compiled;
one with values becomes the translated text with its places filled; only texts known at run time are looked up then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, has_request_context, request
from flask.templating import Environment
from jinja2 import BytecodeCache, Template, nodes
from jinja2.environment import TemplateModule
from jinja2.runtime import Context
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from plugdesk.catalogs import package_of
from plugdesk.drawing import USE_OURS, QuickContext, alike
from plugdesk.i18n import current_language, gettext_of, use_language

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from werkzeug import Response

REQUESTS = 12  # answered by Flask at a time: each holds a connection of the database
_OPTIONS = ("_anchor", "_method", "_scheme", "_external")  # Flask's own function hands them all on, unused ones as None
_WORDS = frozenset({"_", "gettext"})


class PlainTemplate(Template):
    """A template that is imported without asking whether its globals are those of the page: all have the environment's."""

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:
        if self._module is None:
            self._module = self.make_module()
        return self._module


class SpeakingEnvironment(Environment):
    """A Jinja environment whose templates speak `language`; without one they look their words up at run time."""

    template_class = PlainTemplate

    language: str | None = None
    context_class = QuickContext

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        template = super()._parse(source, name, filename)
        if self.language is not None:
            with use_language(self.language):
                _Translator(package_of(filename or "")).visit(template)
        return template

    def _generate(self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False) -> str:
        return super()._generate(source, name, filename, defer_init) + USE_OURS


class Application(Flask):
    """Flask, drawing templates in the environment of the language spoken now."""

    jinja_environment = SpeakingEnvironment
    compiled: BytecodeCache | None = None
    """Where compiled templates are kept, for a process that makes many applications: the test kit's."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.quick: list[Callable[[WSGIEnvironment], Response | None]] = []
        self._places = BoundedSemaphore(REQUESTS)
        self._speaking: dict[str, SpeakingEnvironment] = {}
        make = super().url_for
        # Typed: 1 and True are equal, and make different addresses.
        self._address = lru_cache(maxsize=4096, typed=True)(lambda endpoint, root, /, **about: make(endpoint, **about))

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """As Flask's; what one of `quick` answers costs no request of Flask's, and waits for none."""
        for answer in self.quick:
            response = answer(environ)
            if response is not None:
                return response(environ, start_response)
        with self._places:
            return super().wsgi_app(environ, start_response)

    def url_for(self, /, endpoint: str, **about: Any) -> str:
        """As Flask's; an address that was made once is not made again, as far as it is the same in every request."""
        defaults = self.url_default_functions
        if endpoint[:1] == "." or not has_request_context() or None in defaults or endpoint.rpartition(".")[0] in defaults:
            return super().url_for(endpoint, **about)
        values = about.copy()
        for option in _OPTIONS:
            if values.pop(option, None) is not None:
                return super().url_for(endpoint, **about)
        try:
            return self._address(endpoint, request.script_root, **values)
        except TypeError:  # a value that cannot be looked up by
            return super().url_for(endpoint, **about)

    @property
    def jinja_env(self) -> Environment:
        """The environment templates are drawn in; outside a request the one that settings and filters are put into."""
        base: Environment | None = self.__dict__.get("_base_environment")
        if base is None:
            base = self.__dict__["_base_environment"] = self.create_jinja_environment()
            base.bytecode_cache = self.compiled
            base.globals["alike"] = alike
        if not has_request_context():
            return base
        language = current_language()
        found = self._speaking.get(language)
        if found is None:
            found = self._speaking[language] = cast("SpeakingEnvironment", base.overlay(cache_size=400))
            found.language = language
        return found


class _Translator(NodeTransformer):
    """Puts in the words of the package that the template belongs to."""

    def __init__(self, package: str) -> None:
        self._package = package

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        node = self.generic_visit(node)  # type: ignore[assignment]
        if not (isinstance(node.node, nodes.Name) and node.node.name in _WORDS and len(node.args) == 1):
            return node
        message = node.args[0]
        if not (isinstance(message, nodes.Const) and isinstance(message.value, str)) or node.dyn_args or node.dyn_kwargs:
            return node
        text = Markup(gettext_of(self._package, message.value))  # a msgid of ours; values are escaped where they are filled in
        if not node.kwargs:
            return nodes.Const(text % {}, lineno=node.lineno)
        pairs = [nodes.Pair(nodes.Const(each.key), each.value, lineno=node.lineno) for each in node.kwargs]
        return nodes.Mod(nodes.Const(text), nodes.Dict(pairs), lineno=node.lineno)
