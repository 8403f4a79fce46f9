from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..engine import voting
from ..tools import readable


class CrmApprovalRuleStep(models.Model):
    """Who has to say yes, how many of them, and until when."""

    _name = "crm.approval.rule.step"
    _description = "Approval Step"
    _order = "rule_id, sequence, id"

    rule_id = fields.Many2one("crm.approval.rule", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="rule_id.company_id", store=True, index=True)
    sequence = fields.Integer(default=10)
    name = fields.Char("Step", required=True, translate=True)
    approver_kind = fields.Selection(
        [
            ("user", "Persons"),
            ("group", "Members of a group"),
            ("manager", "Manager of the requester"),
            ("field", "A user on the document"),
            ("chosen", "Chosen at submission"),
        ],
        "Approver",
        default="user",
        required=True,
    )
    user_ids = fields.Many2many("res.users", string="Persons", domain="[('share', '=', False)]")
    group_id = fields.Many2one(
        "res.groups", help="With approvers chosen at submission: who may be chosen."
    )
    manager_levels = fields.Integer(
        "Levels Upwards",
        default=1,
        help="1: the manager of the requester. 2: he and his own manager, and so on.",
    )
    approver_field = fields.Char(
        "Field", help="Name of a field of the document that holds one or more users."
    )
    mode = fields.Selection(
        [("any", "One of them"), ("all", "All of them"), ("count", "A number of them")],
        "Needed",
        default="any",
        required=True,
    )
    min_count = fields.Integer("Number", default=2)
    limit_figure = fields.Char(help="The figure that the amount limits are compared with.")
    limit_ids = fields.One2many(
        "crm.approval.rule.limit",
        "step_id",
        "Amount Limits",
        help="With limits, only who is named here may approve, up to his amount.",
    )
    remind_hours = fields.Float("Remind after (hours)")
    limit_hours = fields.Float("Time Limit (hours)")
    after_limit = fields.Selection(
        [
            ("none", "Keep waiting"),
            ("escalate", "Ask others as well"),
            ("approve", "Approve automatically"),
            ("refuse", "Refuse automatically"),
        ],
        "Afterwards",
        default="none",
        required=True,
    )
    escalation_user_ids = fields.Many2many(
        "res.users",
        "crm_approval_step_escalation_rel",
        string="Ask as Well",
        domain="[('share', '=', False)]",
        help="Left empty, the managers of the approvers are asked.",
    )

    _min_count_positive = models.Constraint(
        "CHECK (mode <> 'count' OR min_count > 0)",
        "A step that needs a number of approvers needs at least one.",
    )
    _levels_positive = models.Constraint(
        "CHECK (approver_kind <> 'manager' OR manager_levels > 0)",
        "A step for the manager goes at least one level upwards.",
    )
    _hours_positive = models.Constraint(
        "CHECK (COALESCE(remind_hours, 0) >= 0 AND COALESCE(limit_hours, 0) >= 0)",
        "Hours until a reminder or a time limit cannot be negative.",
    )
    _limit_needs_hours = models.Constraint(
        "CHECK (after_limit = 'none' OR COALESCE(limit_hours, 0) > 0)",
        "What happens after the time limit needs a time limit: fill in its hours.",
    )

    # ------------------------------------------------------------------
    # Bad input
    # ------------------------------------------------------------------

    @api.constrains(
        "approver_kind", "user_ids", "group_id", "approver_field", "escalation_user_ids", "rule_id"
    )
    def _check_approvers(self):
        for step in self:
            if step.approver_kind == "field":
                step._check_approver_field()
            step._check_readers(step._configured_users() | step.escalation_user_ids)

    def _configured_users(self):
        self.ensure_one()
        if self.approver_kind == "user":
            users, remedy = self.user_ids, self.env._("Name at least one person.")
        elif self.approver_kind == "group":
            users, remedy = self._group_users(), self.env._("Choose a group that has members.")
        else:
            return self.env["res.users"]
        if not users or (self.mode == "count" and len(users) < self.min_count):
            raise ValidationError(
                self.env._(
                    "Step %(step)s of rule %(rule)s has too few approvers. %(remedy)s",
                    step=self.name,
                    rule=self.rule_id.name,
                    remedy=remedy,
                )
            )
        return users

    def _group_users(self):
        # sudo: the members of a group that a rule names
        return self.group_id.sudo().all_user_ids.filtered(lambda user: not user.share)

    def _check_approver_field(self):
        model = self.rule_id._document_model()
        field = model._fields.get(self.approver_field or "")
        if not field or getattr(field, "comodel_name", None) != "res.users":
            raise ValidationError(
                self.env._(
                    "Step %(step)s of rule %(rule)s: %(field)s is no field of %(model)s that holds "
                    "users. Enter the technical name of such a field, for example user_id.",
                    step=self.name,
                    rule=self.rule_id.name,
                    field=self.approver_field or "''",
                    model=self.rule_id.model_id.name,
                )
            )

    def _check_readers(self, users):
        blind = users - self._readers(users)
        if blind:
            raise ValidationError(
                self.env._(
                    "Step %(step)s of rule %(rule)s: %(names)s cannot read %(model)s. Give them "
                    "the access right or choose other approvers.",
                    step=self.name,
                    rule=self.rule_id.name,
                    names=", ".join(blind.mapped("name")),
                    model=self.rule_id.model_id.name,
                )
            )

    def _readers(self, users):
        model = self.rule_id.model
        return users.filtered(lambda user: readable(self.env[model], user))

    @api.constrains("limit_figure", "limit_ids")
    def _check_limit_figure(self):
        for step in self.filtered("limit_ids"):
            model = step.rule_id._document_model()
            labels = model._approval_figure_labels(step.rule_id.operation)
            if step.limit_figure not in labels and step.limit_figure not in model._fields:
                raise ValidationError(
                    self.env._(
                        "Step %(step)s of rule %(rule)s has amount limits: say which figure they "
                        "are compared with, one of %(known)s or a numeric field.",
                        step=step.name,
                        rule=step.rule_id.name,
                        known=", ".join(labels) or self.env._("its fields"),
                    )
                )

    # ------------------------------------------------------------------
    # Business
    # ------------------------------------------------------------------

    def _candidates(self, document, requester, chosen, excluded):
        """Return the users who may decide this step for ``document``.

        :param chosen: the users named at submission
        :param excluded: the users whom the four-eyes principle keeps out
        :raise UserError: if nobody or too few remain, with the remedy
        """
        self.ensure_one()
        users = self._named(document, requester, chosen) - excluded
        users = users.filtered(lambda user: user.active and not user.share)
        users = users.filtered(lambda user: readable(document, user))
        users = self._within_limits(users, document)
        needed = self.min_count if self.mode == "count" else 1
        if not voting.can_finish(self.mode, needed, set(users.ids)):
            raise UserError(self._too_few(document, requester, users, needed))
        return users

    def _named(self, document, requester, chosen):
        if self.approver_kind == "user":
            return self.user_ids
        if self.approver_kind == "group":
            return self._group_users()
        if self.approver_kind == "field":
            return document[self.approver_field]
        if self.approver_kind == "manager":
            company = document._approval_company()
            return requester._approval_manager_chain(self.manager_levels, company)
        return chosen & self._group_users() if self.group_id else chosen

    def _within_limits(self, users, document):
        if not self.limit_ids:
            return users
        amount = document._approval_figure(self.limit_figure, self.rule_id.operation)
        limits = {user: self.limit_ids._limit_of(user) for user in users}
        return users.filtered(lambda user: limits[user] is not None and amount <= limits[user])

    def _too_few(self, document, requester, users, needed):
        remedies = {
            "user": self.env._("Name other approvers in the rule."),
            "group": self.env._("Add members to the group, or raise their amount limits."),
            "manager": self.env._(
                "%s has no manager who may decide. Set the manager of the employee, or the "
                "approval manager on the user.",
                requester.name,
            ),
            "field": self.env._(
                "Fill in the field of the document with another user than the requester."
            ),
            "chosen": self.env._("Use Request Approval and choose the approvers there."),
        }
        return self.env._(
            "%(document)s: step %(step)s of rule %(rule)s needs %(needed)s approver(s) who can "
            "read the document, are within their amount limit and did not request it; there are "
            "%(found)s. %(remedy)s",
            document=document.display_name,
            step=self.name,
            rule=self.rule_id.name,
            needed=needed,
            found=len(users),
            remedy=remedies[self.approver_kind],
        )
