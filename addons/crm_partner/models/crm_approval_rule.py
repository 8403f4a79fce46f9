from odoo import fields, models


class CrmApprovalRule(models.Model):
    """Approval of registered deals and of fund money."""

    _inherit = "crm.approval.rule"

    operation = fields.Selection(
        selection_add=[("register", "Register a Deal"), ("mdf", "Grant fund money")],
        ondelete={"register": "cascade", "mdf": "cascade"},
    )
