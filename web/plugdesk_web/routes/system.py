"""How the installation does: work that waits or gave up, workers, channels, the database, versions. For administrators."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, request, url_for

from plugdesk.claims import machine_now
from plugdesk.contributions import HealthLine
from plugdesk.database import row_number
from plugdesk.deliveries import delivery_counts, parked_deliveries, tell_again
from plugdesk.errors import NotFound
from plugdesk.events import Delivery, record
from plugdesk.forms.models import Desk, Form
from plugdesk.forms.queries import all_forms
from plugdesk.i18n import gettext as _
from plugdesk.jobs import Job, JobState, job_counts, parked_jobs, run_again, waiting_jobs
from plugdesk.plugins.loader import PAGES, State
from plugdesk.plugins.switch import name_of
from plugdesk.worker import SILENT, workers
from plugdesk_web.contributions import NavItem, contributed
from plugdesk_web.current import admin_only, db, me, runtime
from plugdesk_web.rendering import page, redirect_after
from plugdesk_web.security import is_secure

blueprint = Blueprint("system", __name__, url_prefix="/system")


@dataclass(frozen=True)
class Line:
    """What an extension says of itself in one place, and the page where it is put right."""

    extension: str
    place: str
    health: HealthLine
    url: str


@blueprint.get("")
@admin_only
def show() -> Response:
    """Everything at once; what is wrong stands above, with its remedy."""
    lines, counts, told = _health(), job_counts(db()), delivery_counts(db())
    living = workers(db())
    return page(
        "system/show.html", lines=lines, red=[line for line in lines if line.health.problem], counts=counts, told=told,
        parked=parked_jobs(db(), before=_before("jobs")), untold=parked_deliveries(db(), before=_before("news")), waiting=waiting_jobs(db(), limit=20),
        workers=living, silent=machine_now() - SILENT, machine_now=machine_now(), now=runtime().clock.now(), states=JobState, places=_places(),
        name_of=lambda plugin: name_of(db(), plugin), database=_database(), free=_free_disk(), secure=is_secure(), queue=_queue(),
        versions=_versions(), broken=[each for each in runtime().registry.plugins.values() if each.state is not State.OK],
        nobody_works=not living and (counts[JobState.READY] > 0 or told["waiting"] > 0),
    )  # fmt: skip


@blueprint.post("/jobs/<int:job_id>/run")
@admin_only
def run(job_id: int) -> Response:
    """Give a parked job all its tries once more."""
    job = db().get(Job, job_id)
    if job is None:
        raise NotFound(_("This job is done, or was taken away."))
    run_again(db(), job)
    record(db(), "job_run_again", actor=me(), job=job.kind, job_id=job_id)
    return redirect_after(url_for("system.show"), _("It runs again."))


@blueprint.post("/deliveries/<int:delivery_id>/telling")
@admin_only
def tell(delivery_id: int) -> Response:
    """Tell an extension once more what it could not be told."""
    delivery = db().get(Delivery, delivery_id)
    if delivery is None:
        raise NotFound(_("It has been told meanwhile."))
    tell_again(db(), delivery)
    record(db(), "delivery_told_again", actor=me(), told_plugin=delivery.plugin, delivery_id=delivery_id)
    return redirect_after(url_for("system.show"), _("It is told again."))


def _before(name: str) -> int | None:
    return row_number(request.args.get(name, ""))


def _health() -> Sequence[Line]:
    """What every extension says, asked in each place where it is on."""
    found = []
    desk = runtime().desk(db())
    scopes: list[Form | Desk] = [desk, *all_forms(db())]
    for plugin in runtime().registry.loaded:
        for scope in scopes:
            if scope.has(plugin.id):
                place = scope.name if isinstance(scope, Form) else ""
                lines = runtime().executor.ask(plugin.id, "health", scope, db()) or ()
                found += [
                    Line(name_of(db(), plugin.id), place, line, _page_of(plugin.id, scope))
                    for line in lines
                    if isinstance(line, HealthLine)
                ]
    return sorted(found, key=lambda line: (not line.health.problem, line.extension, line.place))


def _page_of(plugin: str, scope: Form | Desk) -> str:
    """The extension's own page there; else its page in the catalog."""
    own = [each.what for each in contributed(runtime().registry, NavItem) if each.plugin == plugin and each.what.place == "form"]
    if own and isinstance(scope, Form):
        return url_for(own[0].endpoint, slug=scope.slug)
    return url_for("extensions.show", plugin=plugin)


def _places() -> dict[int, str]:
    return {0: _("the desk"), **{form.id: form.name for form in all_forms(db(), archived=True)}}


def _database() -> dict[str, Any]:
    """Its kind, version, and size in bytes (None where it cannot be told)."""
    session = db()
    if runtime().database.dialect == "sqlite":
        pages, size = session.scalar(sa.text("PRAGMA page_count")), session.scalar(sa.text("PRAGMA page_size"))
        return {
            "kind": "SQLite",
            "version": session.scalar(sa.text("SELECT sqlite_version()")),
            "size": int(pages or 0) * int(size or 0),
        }
    version = str(session.scalar(sa.text("SHOW server_version"))).split(" ")[0]
    return {
        "kind": "PostgreSQL",
        "version": version,
        "size": session.scalar(sa.text("SELECT pg_database_size(current_database())")),
    }


def _free_disk() -> int | None:
    """Free bytes where files are kept."""
    folder = Path(runtime().settings.data)
    return shutil.disk_usage(folder).free if folder.is_dir() else None


def _queue() -> str:
    """What carries the jobs, in words; with Redis whether it answers."""
    address = runtime().settings.redis_url
    if not address:
        return _("The desk's own workers")
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        with Redis.from_url(address, socket_connect_timeout=1, socket_timeout=1) as redis:
            redis.ping()
    except (RedisError, OSError):
        return ""
    return _("RQ on Redis, which answers")


def _versions() -> list[tuple[str, str]]:
    registry = runtime().registry
    own = [
        ("Plugdesk", registry.plugins[PAGES].version or ""),
        ("Python", platform.python_version()),
        ("SQLAlchemy", sa.__version__),
    ]
    return own + [(name_of(db(), each.id), each.version or "") for each in registry.plugins.values() if each.id != PAGES]
