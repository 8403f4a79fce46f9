from odoo import api, fields, models


class AccountMoveLine(models.Model):
    """A journal item may settle a rebate or a claim to fund money."""

    _inherit = "account.move.line"

    # --- rebates ---
    rebate_settlement_id = fields.Many2one(
        "crm.rebate.settlement",
        copy=False,
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )

    # --- market development funds ---
    mdf_claim_id = fields.Many2one(
        "crm.mdf.claim",
        "MDF Claim",
        copy=False,
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The claim that this line settles.",
    )

    @api.model
    def _subledger_settlement_fields(self):
        return [*super()._subledger_settlement_fields(), "rebate_settlement_id", "mdf_claim_id"]
