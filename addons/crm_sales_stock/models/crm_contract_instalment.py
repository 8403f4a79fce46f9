from odoo import models


class CrmContractInstalment(models.Model):
    """What is kept in stock can only be delivered, and invoiced, by an order."""

    _inherit = "crm.contract.instalment"

    def _goods(self):
        goods = self.contract_id.line_ids.product_id.filtered("is_storable")
        return super()._goods() | goods
