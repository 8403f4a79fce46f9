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

    def _copy_data_extend_business_fields(self, values):
        result = super()._copy_data_extend_business_fields(values)
        values.update(self._mdf_reversal_vals())
        return result

    def _mdf_reversal_vals(self):
        """Return what the reversal of a settlement takes over: it takes the settlement back."""
        if not self.mdf_claim_id:
            return {}
        return {
            "mdf_claim_id": self.mdf_claim_id.id,
            "subledger_key_model": self.subledger_key_model,
            "subledger_key_id": self.subledger_key_id,
        }
