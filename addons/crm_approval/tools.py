"""What only code of this process can hold or do: the key to decisions, values as plain JSON,
columns that need not be computed."""

import base64

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import float_repr, sql
from odoo.tools.image import image_process
from odoo.tools.mimetypes import guess_mimetype


class Key(str):
    """A text that is compared by identity: no client can send this very object.

    An addon that keeps something to its own methods makes a key of its own.
    """

    __slots__ = ()

    # Odoo finds the environments of a transaction by equal contexts: a context with an equal text
    # that a client sent must never find the one with this object.
    def __eq__(self, other):
        return self is other

    def __ne__(self, other):
        return self is not other

    __hash__ = str.__hash__


KEY = Key("crm_approval")
CONTEXT = "crm_approval_key"


def unlocked(records):
    """Return ``records`` as methods of this addon write them, after their checks."""
    # sudo: nobody has the right to write approvals; the callers check who may decide
    return records.sudo().with_context(**{CONTEXT: KEY})


def is_unlocked(env):
    """Whether the records come from :func:`unlocked`; a context sent by a client never does."""
    return env.context.get(CONTEXT) is KEY


def empty_columns(model, *names):
    """Create the columns of stored computed fields that are empty for all rows of before.

    To be called in ``_auto_init``: Odoo computes a new field for every existing row, and a company
    that installs an addon may have millions.

    :return: the names of those that were missing
    """
    missing = [name for name in names if not sql.column_exists(model.env.cr, model._table, name)]
    for name in missing:
        field = model._fields[name]
        sql.create_column(model.env.cr, model._table, name, field.column_type[1], field.string)
    return missing


def readable(document, user):
    """Whether ``user``, who may work in other companies than the one at work, may read it.

    The companies chosen in the web client stay in every context; they are not those of ``user``.
    """
    companies = user.sudo().company_ids.ids  # sudo: companies of somebody else
    return document.with_user(user).with_context(allowed_company_ids=companies).has_access("read")


def signature_image(env, signature):
    """Return the bytes of a drawn signature; pictures only, so nothing that a browser would run.

    :param signature: base64 of a PNG, JPEG or WebP
    :raise UserError: when it is missing or no such picture
    """
    try:
        image = base64.b64decode(signature or "", validate=True)
        if image and guess_mimetype(image) in ("image/png", "image/jpeg", "image/webp"):
            return image_process(image, size=(1024, 1024), verify_resolution=True)
    except (ValueError, TypeError, OSError, SyntaxError, UserError) as error:
        # what Pillow and base64 raise for broken data; the message says what to do
        raise UserError(env._("The signature is no image that can be read.")) from error
    if image:
        raise UserError(env._("The signature is no image that can be read."))
    raise UserError(env._("The signature is missing."))


def plain(value):
    """Return a value of a field as JSON that is the same today and after a reload.

    Numbers with decimals become text with six decimals, records their ids, dates ISO text.
    """
    if isinstance(value, models.BaseModel):
        return sorted(value.ids)
    if isinstance(value, bool | int | None):
        return value
    if isinstance(value, float):
        return float_repr(value, 6)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return value.decode()
    return str(value)


def read_path(record, path):
    """Return the plain value of a dotted path; of several records one value by id.

    :raise KeyError: if a field of the path does not exist
    """
    name, _dot, rest = path.partition(".")
    if name not in record._fields:
        raise KeyError(path)
    value = record[name]
    if not rest:
        return plain(value)
    if not isinstance(value, models.BaseModel):
        raise KeyError(path)
    read_label(value, rest)
    return {str(item.id): read_path(item, rest) for item in value}


def read_label(record, path):
    """Return the label of a dotted path in the user's language.

    :raise KeyError: if a field of the path does not exist
    """
    name, _dot, rest = path.partition(".")
    if name not in record._fields:
        raise KeyError(path)
    label = record._fields[name].get_description(record.env, ["string"])["string"]
    if not rest:
        return label
    if not record._fields[name].relational:
        raise KeyError(path)
    return f"{label} / {read_label(record.env[record._fields[name].comodel_name], rest)}"


def read_text(record, path):
    """Return the value of a path as an approver reads it."""
    name, _dot, rest = path.partition(".")
    field, value = record._fields[name], record[name]
    if rest:
        if len(value) == 1:
            return read_text(value, rest)
        return "; ".join(f"{n}. {read_text(item, rest)}" for n, item in enumerate(value, 1))
    if isinstance(value, models.BaseModel):
        return ", ".join(value.mapped("display_name"))
    if field.type in ("html", "binary"):
        return "…" if value else ""
    if value is False and field.type != "boolean":
        return ""
    if field.type in ("float", "monetary"):
        return f"{value:,.2f}"
    return str(field.convert_to_export(value, record))
