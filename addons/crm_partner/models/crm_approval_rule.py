from odoo import fields, models


class CrmApprovalRule(models.Model):
    _inherit = "crm.approval.rule"

    operation = fields.Selection(
        selection_add=[("mdf", "Grant fund money")], ondelete={"mdf": "cascade"}
    )
