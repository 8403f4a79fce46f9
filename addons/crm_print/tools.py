"""What controllers need that hand out documents."""

from odoo.http import content_disposition, request

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def download(content, name, mimetype):
    """Return the response of a file to save, which no browser runs or guesses the kind of.

    :param bytes content: what the caller has checked that the visitor may have
    :param str name: of the file; a slash becomes a dash
    """
    return request.make_response(
        content,
        headers=[
            ("Content-Type", mimetype),
            ("Content-Length", len(content)),
            ("Content-Disposition", content_disposition(name.replace("/", "-"))),
            ("X-Content-Type-Options", "nosniff"),
        ],
    )


def ids_of(text):
    """Return the set of ids in ``text``, separated by commas; what can be no id is None in it.

    The caller finds fewer records than ids then, as for those that do not exist.
    """
    parts = (text or "").split(",")
    return {int(part) if part.isdecimal() and int(part) < 2**31 else None for part in parts}
