"""Files that come in through the portal: how large, of which type, under which name."""

import os

from odoo.exceptions import UserError
from odoo.tools.mimetypes import guess_mimetype

MAX_BYTES = 10 * 1024 * 1024
MAX_FILES = 10
# What may be shown to a colleague later without doing anything: no HTML, SVG, scripts or macros.
TYPES = {
    "application/pdf": (".pdf",),
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/webp": (".webp",),
    "application/zip": (".zip", ".docx", ".xlsx", ".pptx"),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": (".docx",),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": (".xlsx",),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": (".pptx",),
    "text/plain": (".txt", ".csv"),
    "text/csv": (".csv",),
}


def read_uploads(env, files, limit=MAX_FILES):
    """Return (name, content, mimetype) of each uploaded file that has a name.

    :param files: ``FileStorage`` objects of a request
    :raise UserError: if there are too many, or one is empty, too large or of a forbidden type;
        nothing has been stored then
    """
    files = [file for file in files if file and file.filename]
    if len(files) > limit:
        raise UserError(env._("At most %s files can be sent at once.", limit))
    return [_read(env, file) for file in files]


def _read(env, file):
    name = os.path.basename(file.filename.replace("\\", "/"))[:200]
    content = file.stream.read(MAX_BYTES + 1)
    if not content:
        raise UserError(env._("The file %s is empty.", name))
    if len(content) > MAX_BYTES:
        raise UserError(
            env._(
                "The file %(name)s is larger than %(size)s MB. Send a smaller one.",
                name=name,
                size=MAX_BYTES // 1024 // 1024,
            )
        )
    # the content decides, not what the browser says; the ending has to agree with it
    mimetype = guess_mimetype(content, default="application/octet-stream")
    ending = os.path.splitext(name)[1].lower()
    if ending not in TYPES.get(mimetype, ()):
        raise UserError(
            env._(
                "The file %s is of a type that is not accepted. Send PDF, Word, Excel, PowerPoint,"
                " text, ZIP or a picture.",
                name,
            )
        )
    return name, content, mimetype


def attach(record, uploads):
    """Store what :func:`read_uploads` returned as attachments of ``record``; return them.

    The caller has checked that the visitor may change ``record``.
    """
    return (
        record.env["ir.attachment"]
        .sudo()  # sudo: portal users create no attachments; see the docstring
        .create(
            [
                {
                    "name": name,
                    "raw": content,
                    "mimetype": mimetype,
                    "res_model": record._name,
                    "res_id": record.id,
                }
                for name, content, mimetype in uploads
            ]
        )
    )
