from odoo import fields, models

from ..tools import unlocked


class StockPicking(models.Model):
    """A delivery of free goods settles a rebate when it is done."""

    _inherit = "stock.picking"

    # --- rebates ---
    rebate_settlement_ids = fields.One2many(
        "crm.rebate.settlement", "picking_id", "Rebate Settlements", readonly=True
    )

    def _action_done(self):
        result = super()._action_done()
        self._rebate_goods_done()
        return result

    def _rebate_goods_done(self):
        # sudo: the ledger follows the delivery, whoever validates it
        settlements = self.sudo().rebate_settlement_ids
        unlocked(
            settlements.filtered(lambda s: s.picking_id.state == "done" and not s.line_ids)
        )._goods_delivered()
