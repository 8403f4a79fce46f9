from odoo import fields, models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    # --- rebates ---
    rebate_settlement_id = fields.Many2one(
        "crm.rebate.settlement",
        copy=False,
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )
