"""The one way in which attachments leave: as downloads but for pictures; whatever they claim to be, nothing in them runs."""

from __future__ import annotations

from flask import Response, send_file

from plugdesk.errors import NotFound
from plugdesk.files import content_disposition, shown_inline
from plugdesk.i18n import gettext as _
from plugdesk.storage import open_bytes
from plugdesk.tickets.models import Attachment
from plugdesk_web.current import db


def send_attachment(attachment: Attachment) -> Response:
    """The bytes of a file whose reader may have it; whoever calls has asked that."""
    try:
        stream = open_bytes(db(), attachment.sha256)
    except NotFound as error:
        raise NotFound(
            _("The file %(name)s is missing on the desk's disk. Tell your administrator.", name=attachment.name)
        ) from error
    inline = shown_inline(attachment.type)
    response = send_file(stream, mimetype=attachment.type if inline else "application/octet-stream")
    response.headers["Content-Disposition"] = content_disposition(attachment.name, inline=inline)
    return response
