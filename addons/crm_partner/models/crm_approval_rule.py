from odoo import fields, models


class CrmApprovalRule(models.Model):
    _inherit = "crm.approval.rule"

    operation = fields.Selection(
        selection_add=[("register", "Register a Deal")], ondelete={"register": "cascade"}
    )
    # <<<<<<< THEIRS
    # T
    # T     operation = fields.Selection(
    # T         selection_add=[("mdf", "Grant fund money")], ondelete={"mdf": "cascade"}
    # T     )
    # >>>>>>>
