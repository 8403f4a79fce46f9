from datetime import date

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

from ..engine import substitutes


class CrmApprovalDelegation(models.Model):
    """Who decides for whom while somebody is away."""

    _name = "crm.approval.delegation"
    _description = "Approval Substitute"
    _order = "date_from desc, id desc"
    _rec_name = "user_id"

    user_id = fields.Many2one(
        "res.users",
        "Absent",
        required=True,
        default=lambda self: self.env.user,
        domain="[('share', '=', False)]",
        index=True,
        ondelete="cascade",
    )
    delegate_id = fields.Many2one(
        "res.users",
        "Substitute",
        required=True,
        domain="[('share', '=', False)]",
        index=True,
        ondelete="cascade",
    )
    date_from = fields.Date("From", required=True, default=fields.Date.context_today)
    date_to = fields.Date("To", required=True)
    reason = fields.Char()
    active = fields.Boolean(default=True)

    _dates_in_order = models.Constraint(
        "CHECK (date_from <= date_to)", "A substitute's last day comes before the first one."
    )
    _somebody_else = models.Constraint(
        "CHECK (user_id <> delegate_id)", "Nobody can be his own substitute."
    )

    @api.constrains("user_id", "delegate_id", "date_from", "date_to", "active")
    def _check_circle(self):
        # sudo: a circle may run over substitutes that the user cannot read
        rows = self.sudo().search([("date_to", ">=", min(self.mapped("date_from")))])
        for row in self.filtered("active"):
            others = [other._as_row() for other in rows if other != row]
            circle = substitutes.circle(row._as_row(), others)
            if circle:
                # sudo: the names of colleagues; whose days they are is not told
                names = self.env["res.users"].sudo().browse(circle).mapped("name")
                raise ValidationError(
                    self.env._(
                        "Substitutes would form a circle: %s. Choose another substitute or other "
                        "days.",
                        " → ".join([*names, names[0]] if len(names) < len(circle) else names),
                    )
                )

    @api.constrains("user_id", "delegate_id")
    def _check_internal(self):
        for row in self:
            if row.user_id.share or row.delegate_id.share:
                raise ValidationError(
                    self.env._(
                        "%s is no internal user and cannot approve. Choose a colleague.",
                        (row.delegate_id if row.delegate_id.share else row.user_id).name,
                    )
                )

    def _as_row(self):
        return self.user_id.id, self.delegate_id.id, self.date_from, self.date_to

    @api.model_create_multi
    def create(self, vals_list):
        """Name substitutes.

        :raises AccessError: for other people, unless the user administers approvals
        """
        rows = super().create(vals_list)
        rows._check_own()
        return rows

    def write(self, vals):
        """Change substitutes; neither from nor to another person, see :meth:`create`."""
        self._check_own()
        result = super().write(vals)
        self._check_own()
        return result

    def _check_own(self):
        """Only an approval administrator names substitutes for other people."""
        manager = self.env.user.has_group("crm_approval.group_approval_manager")
        if not manager and not self.env.su and self.user_id - self.env.user:
            # sudo: the name of the colleague whom the user chose himself
            name = self.user_id[:1].sudo().name
            raise AccessError(self.env._("Only %s can name a substitute for himself.", name))

    @api.model
    def _represented_by(self, user, day=None):
        """Return everybody for whom ``user`` may decide on ``day`` (today), himself included."""
        day = day or date.today()
        # sudo: who stands in for whom today
        rows = self.sudo().search([("date_from", "<=", day), ("date_to", ">=", day)])
        pairs = [(row.user_id.id, row.delegate_id.id) for row in rows]
        return self.env["res.users"].browse(sorted(substitutes.represented_by(user.id, pairs)))
