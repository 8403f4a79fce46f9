from odoo import fields, models


class CrmApprovalRule(models.Model):
    """An approval may be asked for before an opportunity enters a stage."""

    _inherit = "crm.approval.rule"

    operation = fields.Selection(
        selection_add=[("stage", "Enter a stage")], ondelete={"stage": "cascade"}
    )
