from odoo import fields, models


class SaleOrder(models.Model):
    """Confirmed orders begin the hand-over of their projects and set what these earn."""

    _inherit = "sale.order"

    handover_item_ids = fields.One2many("crm.handover.item", "order_id", "Hand-over")

    def _action_confirm(self):
        result = super()._action_confirm()
        self._start_handovers()
        return result

    def write(self, vals):
        """A change of lines changes the contract, and the revenue with it (IFRS 15.18-21)."""
        result = super().write(vals)
        if "order_line" in vals:
            self._delivery_contract_changed()
        return result

    def _start_handovers(self):
        # sudo: the salesperson who confirms may not see the projects that the lines made
        self.sudo().order_line.project_id._start_handover()

    def _delivery_contract_changed(self):
        """A changed contract earns another revenue."""
        confirmed = self.filtered(lambda order: order.state == "sale")
        self.env["crm.subledger.mixin"]._subledger_documents_dirty(confirmed)

    def action_open_handover(self):
        """Open the hand-over checklist of this order."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_sales_project.crm_handover_item_action"
        )
        return {**action, "domain": [("order_id", "in", self.ids)], "context": {"create": False}}
