"""`plugdesk demo`: a made-up company to try the desk with, on this machine only.

Nothing of the desk is imported before it is needed: the process that watches the server stays small.
"""

from __future__ import annotations

import gc
import os
import socket
from contextlib import suppress
from pathlib import Path

import click

from .launch import ROLES, Demo, make_demo, read_demo

HOST = "127.0.0.1"
FOLDERS = {"en": Path("plugdesk-demo"), "ru": Path("plugdesk-demo-ru")}
# The demo is its folder and nothing else: no other database, no Redis, no worker beside it.
OVERRULED = ("DATABASE_URL", "REDIS_URL", "SECRET_KEYS", "SESSION_KEY", "WORKER_THREADS", "SAFE_MODE", "DISABLE_PLUGINS")


@click.group(invoke_without_command=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="The demo's folder.  [default: plugdesk-demo, plugdesk-demo-ru]",
)
@click.option("--lang", type=click.Choice(["en", "ru"]), help="The company's language: en if the folder is new.")
@click.pass_context
def demo(context: click.Context, port: int, data: Path | None, lang: str | None) -> None:
    """Try the desk: a company with 90 days of tickets, and a page to write to it as its customers.

    The first start makes the folder, later ones go on with it. Only this machine reaches the desk, at 127.0.0.1.
    """
    if context.invoked_subcommand is None:
        folder = data or context.obj.data or FOLDERS[lang or "en"]
        port = _listenable(port)
        _introduce(_demo_in(folder, lang), port)
        _serve(context, folder, port)


@demo.command(hidden=True)
@click.argument("desk", type=int)
def play(desk: int) -> None:
    """Play what is left of the company's story. The desk, whose process is DESK, starts this by itself; it ends with it."""
    from plugdesk.api import desk_runtime

    from .play import Superseded
    from .play import play as play_story

    gc.set_threshold(100_000, 20, 50)  # rows come and go by the million here, and hardly any of them in circles
    with suppress(Superseded):  # the other one goes on
        play_story(desk_runtime(), go_on=lambda: os.getppid() == desk)


def _listenable(port: int) -> int:
    """The port if it is free, any free one for 0; refused in words before anything is made."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise click.ClickException(
                f"Port {port} cannot be listened at: {error.strerror}. Choose another with --port."
            ) from error
        return int(probe.getsockname()[1])


def _demo_in(folder: Path, language: str | None) -> Demo:
    """The folder's demo, made when there is none yet; refused in words where there is something else."""
    try:
        found = read_demo(folder) or make_demo(folder, language or "en")
    except ValueError as error:
        raise click.ClickException(f"{error} Give another folder with --data.") from error
    if language not in (None, found.language):
        raise click.ClickException(f"The demo in {folder} speaks “{found.language}”. Give another folder with --data.")
    return found


def _introduce(found: Demo, port: int) -> None:
    click.echo(f"The demo of Plugdesk, at http://{HOST}:{port}\n")
    for person in found.people:
        click.echo(f"  {ROLES[person.role]:<24}{person.email:<34}{person.password}")
    click.echo("\nCustomers are played on a page: “Write as a customer”. Ctrl-C ends the desk; the folder keeps it.\n")


def _serve(context: click.Context, folder: Path, port: int) -> None:
    """`plugdesk serve` for this folder; its pages found the company when they start (see `founding.py`)."""
    for name in OVERRULED:
        os.environ.pop(f"PLUGDESK_{name}", None)
    os.environ["PLUGDESK_BASE_URL"] = f"http://{HOST}:{port}"
    context.obj.data = folder
    root = context.find_root()
    assert isinstance(root.command, click.Group)
    serve = root.command.get_command(root, "serve")
    assert serve is not None
    context.invoke(serve, host=HOST, port=port)
