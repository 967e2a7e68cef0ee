"""What somebody wrote into the editor of a page, with script or without it."""

from __future__ import annotations

from flask import request

from plugdesk.errors import Invalid
from plugdesk.html import html_of_text
from plugdesk.i18n import gettext as _
from plugdesk.runtime import runtime_of
from plugdesk.tickets.attachments import NewFile
from plugdesk_web.current import db


def written_html() -> str:
    """The editor's HTML; without script its plain text."""
    return request.form.get("html") or html_of_text(request.form.get("text", ""))


def written_files() -> list[NewFile]:
    """The files that came with the form itself; with script they went ahead, and their keys come as `attachment`."""
    most = runtime_of(db()).settings.max_upload_mb * 1024 * 1024
    files = [each for each in request.files.getlist("files") if each.filename]
    taken = [NewFile(each.filename or "", each.read(most + 1), each.mimetype) for each in files]
    for each in taken:
        if len(each.content) > most:
            raise Invalid(_("%(name)s is larger than %(mb)d MB.", name=each.name, mb=most // 1024 // 1024))
    return taken
