"""What command lines share: the settings given to them, and the desk they work on, opened only when asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from plugdesk.runtime import Runtime
    from plugdesk.settings import Settings

Function = TypeVar("Function", bound=Callable[..., Any])


class Launch:
    """The object of every click context: `data` is the folder given with `--data`."""

    def __init__(self) -> None:
        self.data: Path | None = None
        self._runtime: Runtime | None = None

    def settings(self, **given: Any) -> Settings:
        """The environment's settings, overruled by what was given on the command line."""
        from plugdesk.settings import Settings

        return Settings.read(data=self.data, **given)

    def runtime(self) -> Runtime:
        """The desk, closed when the command ends."""
        if self._runtime is None:
            from plugdesk.opening import open_runtime

            self._runtime = open_runtime(self.settings())
            click.get_current_context().find_root().call_on_close(self._runtime.close)
        return self._runtime


def pass_runtime(function: Function) -> Function:
    """Give a click command the desk's `Runtime` as its first argument."""

    def call(*args: Any, **options: Any) -> Any:
        return function(desk_runtime(), *args, **options)

    return update_wrapper(call, function)  # type: ignore[return-value]


def desk_runtime() -> Runtime:
    """The desk of the command that runs now, opened when first asked for: for commands that answer for what goes wrong then."""
    launch = click.get_current_context().find_object(Launch)
    assert launch is not None
    return launch.runtime()


def data_option(function: Function) -> Function:
    """`--data DIR`, also behind the command's name."""

    def keep(context: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
        launch = context.ensure_object(Launch)
        launch.data = value or launch.data

    option = click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        callback=keep,
        expose_value=False,
        help="The folder of the database, files and keys.  [PLUGDESK_DATA]",
    )
    return option(function)
