"""`plugdesk …`: starts the desk and looks after it. Extensions add commands of their own, loaded when they are called.

Nothing heavy is imported here: `plugdesk --help` answers at once, and the process that watches the server stays small.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plugdesk.commandline import Launch, data_option, pass_runtime

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from plugdesk.contributions import Command
    from plugdesk.runtime import Runtime


class Lines(click.Group):
    """Commands whose refusals in words are told as such, and not as a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if "plugdesk.errors" in sys.modules and isinstance(error, sys.modules["plugdesk.errors"].PlugdeskError):
                raise click.ClickException(str(error)) from error
            raise


class Desk(Lines):
    """The desk's own commands, and those of extensions by the extension's id."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        point = next((each for each in _entry_points() if each.name == cmd_name), None)
        return _commands_of(point) if point else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_commands(ctx, formatter)
        rows = [(point.name, summary) for point in _entry_points() if (summary := _summary(point)) is not None]
        if rows:
            with formatter.section("Extensions"):
                formatter.write_dl(rows)


@click.group(cls=Desk)
@data_option
@click.version_option(package_name="plugdesk", message="%(prog)s %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """A support desk where every feature is an extension that is switched on per form."""
    context.ensure_object(Launch)


@main.command()
@data_option
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="The address to listen at; others reach only this machine's."
)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--lang", type=click.Choice(["en", "ru"]), help="The language a new desk begins with.")
@click.option("--safe-mode", is_flag=True, help="Load no extension: for finding out which one does harm.")
@click.pass_obj
def serve(launch: Launch, host: str, port: int, lang: str | None, safe_mode: bool) -> None:
    """Bring the tables up to date and serve the desk."""
    from plugdesk.serving import serve as start

    sys.exit(start(host=host, port=port, data=launch.data, language=lang, safe_mode=safe_mode))


@main.command()
@data_option
@click.option("--threads", default=2, show_default=True, type=click.IntRange(1, 64), help="How many jobs at a time.")
@click.option("--once", is_flag=True, help="Do what is due, then end.")
@pass_runtime
def worker(runtime: Runtime, threads: int, once: bool) -> None:
    """Run stored work, beside or instead of the desk's own worker; with Redis, as a worker of RQ."""
    from plugdesk.serving import work

    sys.exit(work(runtime, threads=threads, once=once))


@main.command()
@data_option
@click.pass_obj
def migrate(launch: Launch) -> None:
    """Bring the tables of the core and of every extension up to date."""
    from plugdesk.administering import migrate_all

    failed = False
    for outcome in migrate_all(launch.settings()):
        click.echo(
            f"{outcome.unit:<20} {outcome.state:<9} {outcome.before or '-'} → {outcome.after or '-'}  {outcome.reason}".rstrip()
        )
        failed = failed or not outcome.ok
    sys.exit(1 if failed else 0)


@main.command()
@data_option
@click.pass_obj
def doctor(launch: Launch) -> None:
    """Look whether everything is well, and say what to do where it is not."""
    from plugdesk.administering import examine

    bad = 0
    for finding in examine(launch.settings()):
        click.echo(
            f"{click.style('ok ' if finding.ok else 'BAD', fg='green' if finding.ok else 'red')}  {finding.title}: {finding.text}"
        )
        bad += not finding.ok
    sys.exit(1 if bad else 0)


@main.group(cls=Lines)
def plugin() -> None:
    """List, switch, check and remove extensions."""


@plugin.command("list")
@data_option
@pass_runtime
def list_plugins(runtime: Runtime) -> None:
    """Every extension that is installed or has left data: its state, and where it is on."""
    from plugdesk.administering import plugin_lines

    for line in plugin_lines(runtime):
        click.echo(line)


def _place_options(function: Any) -> Any:
    function = click.option("--form", "slug", metavar="SLUG", help="The form; without it, the whole desk.")(function)
    return click.argument("plugin_id", metavar="PLUGIN")(function)


@plugin.command()
@_place_options
@data_option
@pass_runtime
def enable(runtime: Runtime, plugin_id: str, slug: str | None) -> None:
    """Switch an extension on, on a form or for the desk."""
    from plugdesk.administering import switch

    click.echo(switch(runtime, plugin_id, slug, on=True))


@plugin.command()
@_place_options
@data_option
@pass_runtime
def disable(runtime: Runtime, plugin_id: str, slug: str | None) -> None:
    """Switch an extension off. Its settings and data are kept."""
    from plugdesk.administering import switch

    click.echo(switch(runtime, plugin_id, slug, on=False))


@plugin.command()
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
def check(path: Path) -> None:
    """Hold the folder of a plugin against the rules: manifest, imports, tables, migrations, tests."""
    from plugdesk.plugins.checking import check_folder

    findings = check_folder(path)
    for finding in findings:
        click.echo(f"{finding.place}: {finding.text}")
    click.echo("Nothing to find fault with." if not findings else f"{len(findings)} to be put right.")
    sys.exit(1 if findings else 0)


@plugin.command()
@click.argument("plugin_id", metavar="PLUGIN")
@click.option(
    "--export", "file", type=click.Path(dir_okay=False, path_type=Path), help="Where its data goes.  [PLUGIN-DATE.json]"
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_option
@pass_runtime
def remove(runtime: Runtime, plugin_id: str, file: Path | None, yes: bool) -> None:
    """Switch an extension off everywhere, export its data, and take its tables away."""
    from plugdesk.plugins.removal import export_name, remove_plugin

    file = file or Path(export_name(plugin_id, runtime.clock.now()))
    if not yes:
        click.confirm(f"All data of “{plugin_id}” goes to {file} and is deleted here. Go on?", abort=True)
    removed = remove_plugin(runtime, plugin_id, file)
    click.echo(f"Removed {', '.join(removed.tables) or 'no tables'}; {removed.rows} rows are in {file}.")


@main.group(cls=Lines)
def secrets() -> None:
    """The keys that seal stored passwords and tokens."""


@secrets.command()
def key() -> None:
    """Print a fresh key for PLUGDESK_SECRET_KEYS."""
    from plugdesk.vault import new_key

    click.echo(new_key())


@secrets.command()
@data_option
@pass_runtime
def rotate(runtime: Runtime) -> None:
    """Seal every stored secret with the newest key; afterwards the older ones can be thrown away."""
    from plugdesk.administering import rotate_secrets

    click.echo(f"Sealed anew: {rotate_secrets(runtime)}.")


@main.group(cls=Lines)
def user() -> None:
    """The way back in, when no administrator can sign in any more."""


@user.command("add")
@click.argument("email")
@click.option("--name", prompt=True)
@click.option("--role", type=click.Choice(["agent", "admin"]), default="admin", show_default=True)
@click.password_option()
@data_option
@pass_runtime
def add(runtime: Runtime, email: str, name: str, role: str, password: str) -> None:
    """Add an agent or an administrator."""
    from plugdesk.administering import add_person

    add_person(runtime, email=email, name=name, role=role, password=password)
    click.echo(f"{email} can sign in.")


@user.command()
@click.argument("email")
@click.password_option()
@data_option
@pass_runtime
def password(runtime: Runtime, email: str, password: str) -> None:
    """Give somebody another password. All their sessions end."""
    from plugdesk.administering import change_password

    change_password(runtime, email=email, password=password)
    click.echo(f"{email} signs in with the new password.")


def _entry_points() -> list[EntryPoint]:
    from importlib.metadata import entry_points

    return sorted(entry_points(group="plugdesk.plugins"), key=lambda point: point.name)


def _summary(point: EntryPoint) -> str | None:
    """What the manifest says of a plugin that has commands, which stand in its `commandline.py`; read without importing it."""
    import tomllib

    try:
        spec = importlib.util.find_spec(point.value.partition(":")[0])
        folder = Path(next(iter(spec.submodule_search_locations or ()))) if spec else None
        if folder is None or not (folder / "commandline.py").is_file():
            return None
        return str(tomllib.loads((folder / "plugin.toml").read_text("utf-8")).get("summary", ""))
    except Exception:  # a broken package says so in the catalog; here it is only left out
        return None


def _commands_of(point: EntryPoint) -> click.Command | None:
    """The commands of one plugin: a group of them, or the one that stands at the top."""
    if point.name in [name.strip() for name in os.environ.get("PLUGDESK_DISABLE_PLUGINS", "").split(",")]:
        raise click.ClickException(f"“{point.name}” is left out by PLUGDESK_DISABLE_PLUGINS.")
    package = point.value.partition(":")[0]
    try:
        if at_top := _top_command(package, point.name):
            return at_top
        has_hooks = importlib.util.find_spec(f"{package}.hooks") is not None
        from plugdesk.hooks import PROJECT

        contribute = getattr(importlib.import_module(f"{package}.hooks" if has_hooks else package), "commands", None)
        found: list[Command] = list(contribute()) if contribute is not None and hasattr(contribute, f"{PROJECT}_impl") else []
    except Exception as error:
        raise click.ClickException(f"“{point.name}” cannot be loaded. {type(error).__name__}: {error}") from error
    top = next((each.command for each in found if each.top and each.command.name == point.name), None)
    if top is not None or not found:
        return top
    return Lines(point.name, commands={str(each.command.name): each.command for each in found}, help=_summary(point))


def _top_command(package: str, name: str) -> click.Command | None:
    """The command that stands at the top under the plugin's id, if its `commandline.py` has one; nothing else is imported."""
    if importlib.util.find_spec(f"{package}.commandline") is None:
        return None
    found = getattr(importlib.import_module(f"{package}.commandline"), name, None)
    return found if isinstance(found, click.Command) and found.name == name else None


if __name__ == "__main__":
    main()
