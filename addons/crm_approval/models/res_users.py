from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ResUsers(models.Model):
    """Who approves for a user where a rule asks for the manager."""

    _inherit = "res.users"

    approval_manager_id = fields.Many2one(
        "res.users",
        domain="[('share', '=', False)]",
        help="Approves what this user requests where a rule asks for the manager. Where employees "
        "are kept, the manager of the user's employee goes first.",
    )

    @api.constrains("approval_manager_id")
    def _check_approval_manager(self):
        for user in self:
            seen, manager = user, user.approval_manager_id
            while manager:
                if manager in seen:
                    raise ValidationError(
                        self.env._(
                            "%s would be a manager of his own managers. Choose another approval "
                            "manager.",
                            user.name,
                        )
                    )
                seen |= manager
                manager = manager.approval_manager_id

    def _approval_manager(self, company=None):
        """Return the user who manages this one in ``company``, or an empty set.

        Other ways of keeping an organisation override this.
        """
        self.ensure_one()
        # sudo: who manages whom is no secret to the approval of a request
        user = self.sudo().with_company(company or self.env.company)
        employee_manager = self.browse()
        if "employee_id" in user._fields:
            employee_manager = user.employee_id.parent_id.user_id
        manager = employee_manager or user.approval_manager_id
        return self.browse(manager.ids)

    def _approval_manager_chain(self, levels, company=None):
        """Return the managers of levels 1 to ``levels``, nearest first; less where it ends."""
        chain, user = self.browse(), self
        for _level in range(levels):
            user = user._approval_manager(company)
            if not user or user in chain or user == self:
                break
            chain += user
        return chain
