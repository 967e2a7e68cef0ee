"""Attachments: served only through a ticket their reader may see, uploaded ahead of the message they belong to."""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify, request

from plugdesk.errors import Invalid
from plugdesk.files import shown_inline
from plugdesk.i18n import gettext as _
from plugdesk.tickets.attachments import NewFile, add_file, file_for
from plugdesk_web.current import agent_only, db, me_or_none, runtime
from plugdesk_web.current import me as signed_in
from plugdesk_web.sending_files import send_attachment

blueprint = Blueprint("files", __name__)


@blueprint.get("/files/<key>")
def show(key: str) -> Response:
    """The bytes, as a download but for pictures that are safe to show; whatever they claim to be, nothing in them runs."""
    reader = me_or_none()
    if reader is None:
        abort(404)
    return send_attachment(file_for(db(), reader, key))


@blueprint.post("/uploads")
@agent_only
def upload() -> tuple[Response, int]:
    """Take one file for a message that is still being written; the key in the answer names it for its uploader alone."""
    given = request.files.get("file")
    if given is None or not given.filename:
        raise Invalid(_("No file came. Choose it again."))
    most = runtime().settings.max_upload_mb * 1024 * 1024
    content = given.stream.read(most + 1)
    if len(content) > most:
        raise Invalid(_("%(name)s is larger than %(mb)d MB.", name=given.filename, mb=most // 1024 // 1024))
    kept = add_file(db(), NewFile(given.filename, content, given.mimetype), by=signed_in())
    db().flush()  # the checks of the row before the answer names it
    url = f"/files/{kept.key}"
    return jsonify(key=kept.key, name=kept.name, size=kept.size, url=url, image=shown_inline(kept.type)), 201
