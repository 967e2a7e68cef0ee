"""The pages join the desk the way every plugin does."""

from collections.abc import Sequence
from typing import Any

from plugdesk.hooks import hookimpl

from plugdesk_web.site import Site


@hookimpl
def pages() -> Sequence[Any]:
    return [Site()]
