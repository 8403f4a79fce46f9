from odoo import fields, models


class CrmApprovalRule(models.Model):
    _inherit = "crm.approval.rule"

    operation = fields.Selection(
        selection_add=[("register", "Register a Deal"), ("mdf", "Grant fund money")],
        ondelete={"register": "cascade", "mdf": "cascade"},
    )
