from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class CrmPoolQuota(models.Model):
    """How many records somebody claimed from a pool on one day. Its row is what claims lock."""

    _name = "crm.pool.quota"
    _description = "Claims of a Day"
    _order = "day desc, id desc"
    _rec_name = "user_id"

    pool_id = fields.Many2one("crm.pool", required=True, index=True, ondelete="cascade")
    user_id = fields.Many2one("res.users", required=True, index=True, ondelete="cascade")
    day = fields.Date(required=True, help="A day of the company's time zone.")
    claimed = fields.Integer(required=True, default=0)

    _one_a_day = models.Constraint(
        "UNIQUE (pool_id, user_id, day)", "The claims of a day are counted once."
    )

    @api.model
    def _take(self, pool, user, count):
        """Take ``count`` claims out of the user's quota of today.

        The row serialises the claims of one person in one pool. Whoever waited for it while
        another transaction changed it gets a serialisation failure, and Odoo tries again.

        :raise UserError: when the quota does not suffice; nothing is taken then
        """
        limit = pool.claim_quota
        fits = limit <= 0 or count <= limit
        taken = fits and self.env.execute_query(
            SQL(
                """INSERT INTO crm_pool_quota AS quota
                               (pool_id, user_id, day, claimed, create_uid, create_date)
                        VALUES (%(pool)s, %(user)s, %(day)s, %(count)s, %(user)s,
                                now() AT TIME ZONE 'UTC')
                   ON CONFLICT (pool_id, user_id, day) DO UPDATE
                           SET claimed = quota.claimed + %(count)s
                         WHERE %(limit)s <= 0 OR quota.claimed + %(count)s <= %(limit)s
                     RETURNING quota.claimed""",
                pool=pool.id,
                user=user.id,
                day=pool._today(),
                count=count,
                limit=limit,
            )
        )
        self.invalidate_model(["claimed"])
        if not taken:
            raise UserError(
                self.env._(
                    "Pool %(pool)s: you may claim %(limit)s a day, and %(left)s are left today. "
                    "Choose fewer, or come back tomorrow.",
                    pool=pool.name,
                    limit=limit,
                    left=pool._quota_left(user),
                )
            )
