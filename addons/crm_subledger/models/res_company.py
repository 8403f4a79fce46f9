from odoo import fields, models


class ResCompany(models.Model):
    """A company names the accountant of its sub-ledgers."""

    _inherit = "res.company"

    subledger_user_id = fields.Many2one(
        "res.users",
        string="Sub-ledger Accountant",
        help="Gets an activity when a sub-ledger and the general ledger differ, or when a key "
        "could not be computed.",
    )

    def _subledger_accountant(self):
        """Return who looks after the sub-ledgers of this company.

        The user chosen in the settings, else the first adviser of the company, else nobody.
        """
        self.ensure_one()
        if self.subledger_user_id:
            return self.subledger_user_id
        # sudo: whoever triggers a posting need not be allowed to read other users
        return (
            self.env["res.users"]
            .sudo()
            .search(
                [
                    ("all_group_ids", "in", self.env.ref("account.group_account_manager").id),
                    ("company_ids", "in", self.id),
                    ("share", "=", False),
                ],
                order="id",
                limit=1,
            )
        )
