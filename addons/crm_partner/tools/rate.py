"""How often one person may send something in from the portal."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

#: the limit counts over a sliding minute
WINDOW = timedelta(minutes=1)


def check_rate(records, limit, by="create_uid", at="create_date"):
    """Refuse whoever sends in more within a minute than people do; what is refused stores nothing.

    Call it before anything is stored. Until the end of the transaction the current user sends in
    nothing else of this model: whoever waits for that lock still looks at the database as it was
    before, so what others have committed meanwhile is counted by a cursor of its own.

    :param records: any record set of the model
    :param int limit: records a minute; 0: any number
    :param str by: the field with the user who sent it in
    :param str at: the field with the moment, in UTC
    :raise UserError: says the limit, and to wait a minute
    """
    if limit <= 0:
        return
    env = records.env
    name = f"crm_partner.rate,{records._name},{env.uid}"
    env.cr.execute(SQL("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", name))
    domain = Domain(by, "=", env.uid) & Domain(at, ">", fields.Datetime.now() - WINDOW)
    # sudo: only counted, and only what the user sent in
    found = set(records.sudo()._search(domain))
    with env.registry.cursor() as cr:
        found |= set(records.with_env(env(cr=cr)).sudo()._search(domain))  # sudo: as above
    if len(found) >= limit:
        raise UserError(
            env._(
                "You sent %(sent)s of these within a minute; %(limit)s are accepted. Nothing was"
                " stored. Wait a minute and send it again.",
                sent=len(found),
                limit=limit,
            )
        )
