"""What compiled templates do most often, done sooner: escaping, calling macros, drawing the same macro for the same arguments.

What is drawn is what Jinja draws. A page escapes a thousand values and calls hundreds of macros, and Jinja asks of each what
else it might be.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import markupsafe
from jinja2 import pass_environment
from jinja2.runtime import Context, Macro
from markupsafe import Markup

KEPT = 1024  # drawings of one macro
USE_OURS = "\nfrom plugdesk.drawing import escape\n"
"""The last line of a compiled template: its functions escape by our function from then on."""

_escape_text: Callable[[str], str] = getattr(markupsafe, "_escape_inner", markupsafe.escape)  # which is without a wrapping


def escape(value: Any) -> str:
    """`value` as markup, to be joined with other markup: Jinja makes a `Markup` of each piece first."""
    kind = type(value)
    if kind is Markup:
        return value  # type: ignore[no-any-return]
    return _escape_text(value) if kind is str else markupsafe.escape(value)


_WRITTEN = (FunctionType, MethodType)


class QuickContext(Context):
    """Calls macros, functions and methods at once; of anything else Jinja asks whether it wants the context or the environment."""

    def call(__self, __obj: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        kind = type(__obj)
        if kind is Macro:
            args = (__self.eval_ctx, *args)
        elif kind is not BuiltinFunctionType and (kind not in _WRITTEN or hasattr(__obj, "jinja_pass_arg")):
            return super().call(__obj, *args, **kwargs)
        kwargs.pop("_block_vars", None)
        kwargs.pop("_loop_vars", None)
        return __obj(*args, **kwargs)


@pass_environment
def alike(environment: Any, macro: Callable[..., Markup]) -> Callable[..., Markup]:
    """`macro`, which draws the same for the same arguments, drawn once for each: `{% set icon = alike(icon) %}` below it.

    Not for macros that look at anything else: the token of forms, the time. In an environment without a language of its own
    what is drawn depends on the language spoken, and nothing is kept.
    """
    if environment.language is None:
        return macro
    kept = lru_cache(maxsize=KEPT, typed=True)(macro)  # typed: a text and the same markup are equal, and drawn differently

    @wraps(macro)
    def draw(*args: Any, **kwargs: Any) -> Markup:
        try:
            return kept(*args, **kwargs)
        except TypeError:  # an argument that cannot be looked up by: a dict of attributes
            return macro(*args, **kwargs)

    return draw
