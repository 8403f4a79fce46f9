from odoo import fields, models


class CrmApprovalRule(models.Model):
    _inherit = "crm.approval.rule"

    operation = fields.Selection(
        selection_add=[("stage", "Enter a stage")], ondelete={"stage": "cascade"}
    )
