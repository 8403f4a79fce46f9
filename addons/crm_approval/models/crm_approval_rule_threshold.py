import operator

from odoo import api, fields, models
from odoo.exceptions import ValidationError

COMPARE = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
NUMERIC = ("float", "monetary", "integer")


class CrmApprovalRuleThreshold(models.Model):
    """A figure of the document that makes an approval necessary."""

    _name = "crm.approval.rule.threshold"
    _description = "Approval Threshold"
    _order = "rule_id, id"

    rule_id = fields.Many2one("crm.approval.rule", required=True, ondelete="cascade", index=True)
    figure = fields.Char(
        required=True,
        help="A numeric field of the document, or a figure that its addon adds, such as amount, "
        "margin or discount of a quotation.",
    )
    comparison = fields.Selection(
        [(">", "is more than"), (">=", "is at least"), ("<", "is less than"), ("<=", "is at most")],
        default=">",
        required=True,
    )
    value = fields.Float(required=True, digits=(16, 4))

    @api.constrains("figure")
    def _check_figure(self):
        for line in self:
            model = line.rule_id._document_model()
            known = [*model._approval_figure_labels(line.rule_id.operation)]
            field = model._fields.get(line.figure)
            if line.figure not in known and (not field or field.type not in NUMERIC):
                raise ValidationError(
                    self.env._(
                        "Rule %(rule)s: %(figure)s is no figure of %(model)s. Use one of %(known)s "
                        "or a numeric field.",
                        rule=line.rule_id.name,
                        figure=line.figure,
                        model=line.rule_id.model_id.name,
                        known=", ".join(known) or self.env._("its fields"),
                    )
                )

    def _is_met(self, record):
        self.ensure_one()
        value = record._approval_figure(self.figure, self.rule_id.operation)
        return COMPARE[self.comparison](round(value, 6), self.value)
