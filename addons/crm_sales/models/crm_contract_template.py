from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

RECURRENCES = [("1", "Month"), ("3", "Quarter"), ("6", "Half-year"), ("12", "Year")]
REVISIONS = [
    ("none", "No revision"),
    ("percent", "By a percentage"),
    ("index", "By an index"),
]


class CrmContractTemplate(models.Model):
    """What a contract of a kind starts with: clauses, term, renewal and instalments."""

    _name = "crm.contract.template"
    _description = "Contract Template"
    _order = "sequence, name, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", index=True, default=lambda self: self.env.company)
    clause_ids = fields.One2many(
        "crm.contract.template.clause", "template_id", "Clauses", copy=True
    )
    instalment_ids = fields.One2many(
        "crm.contract.template.instalment", "template_id", "Instalments", copy=True
    )
    term_months = fields.Integer("Term (months)", default=12)
    recurring = fields.Boolean(help="The price is due again in every period of the term.")
    recurrence = fields.Selection(RECURRENCES, default="12")
    auto_renew = fields.Boolean("Renews Automatically")
    notice_days = fields.Integer("Notice Period (days)", default=90)
    reminder_days = fields.Integer(
        "Remind Before Notice (days)", default=30, help="Days before the last day of notice."
    )
    revision_kind = fields.Selection(REVISIONS, "Price Revision", default="none", required=True)
    revision_percent = fields.Float("Revision (%)")
    revision_cap = fields.Float("At Most (%)", help="0: no limit.")
    index_id = fields.Many2one("crm.price.index")
    note = fields.Text("Internal Notes", translate=True)

    @api.constrains("instalment_ids", "recurring")
    def _check_instalments(self):
        for template in self.filtered("instalment_ids"):
            total = sum(template.instalment_ids.mapped("percent"))
            if round(total, 4) != 100:
                raise ValidationError(
                    self.env._(
                        "%(template)s: the instalments are %(sum)s %% together, not 100 %%.",
                        template=template.name,
                        sum=round(total, 4),
                    )
                )

    @api.constrains("term_months", "notice_days", "reminder_days")
    def _check_days(self):
        for template in self:
            if min(template.term_months, template.notice_days, template.reminder_days) < 0:
                raise ValidationError(
                    self.env._("%s: term, notice and reminder cannot be negative.", template.name)
                )

    def _prepare_text_vals(self):
        """Return values for the texts of a contract: the clauses as published today."""
        rows = self.clause_ids.filtered(lambda row: row.clause_id.active)
        unpublished = rows.filtered(lambda row: not row.clause_id.current_version_id)
        if unpublished:
            raise UserError(
                self.env._(
                    "Template %(template)s: the clause “%(clause)s” has no published version. "
                    "Publish one first.",
                    template=self.name,
                    clause=unpublished[0].clause_id.name,
                )
            )
        return [row._prepare_text_vals() for row in rows]
