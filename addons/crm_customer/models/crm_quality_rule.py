from ast import literal_eval

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine.china_ids import uscc_is_valid

KIND_DOMAINS = {
    "any": Domain.TRUE,
    "company": Domain("is_company", "=", True),
    "person": Domain([("is_company", "=", False), ("parent_id", "=", False)]),
    "contact": Domain([("is_company", "=", False), ("parent_id", "!=", False)]),
}
NO_FIELD = ("email", "phone", "stale")


class CrmQualityRule(models.Model):
    """What a good record of a customer has: one question, asked of all records at once."""

    _name = "crm.quality.rule"
    _description = "Data Quality Rule"
    _order = "sequence, id"

    name = fields.Char("Issue", required=True, translate=True, help="What is wrong: No e-mail.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    applies_to = fields.Selection(
        [
            ("any", "All records"),
            ("company", "Companies"),
            ("person", "Persons"),
            ("contact", "Contacts of companies"),
        ],
        default="any",
        required=True,
    )
    domain = fields.Char("Only Records", default="[]", required=True)
    check_kind = fields.Selection(
        [
            ("filled", "Field is filled"),
            ("email", "E-mail can be delivered"),
            ("phone", "Phone number is valid"),
            ("uscc", "Unified social credit code is valid"),
            ("stale", "Something happened lately"),
        ],
        string="Check",
        default="filled",
        required=True,
        help="A check other than 'filled' passes where its field is empty.",
    )
    field_id = fields.Many2one(
        "ir.model.fields",
        domain="[('model', '=', 'res.partner'), ('store', '=', True)]",
        ondelete="cascade",
    )
    weight = fields.Integer(default=10, required=True, help="Share of the score, 1 to 100.")
    months = fields.Integer(default=12, help="Months without a document or message.")
    error = fields.Text("Failure", readonly=True, help="Why the rule could not be asked last time.")
    issue_count = fields.Integer("Records", compute="_compute_issue_count")

    _weight_check = models.Constraint(
        "CHECK(weight BETWEEN 1 AND 100)", "The weight of a rule is between 1 and 100."
    )
    _months_check = models.Constraint(
        "CHECK(months > 0)", "A record is stale after a month or more."
    )

    def _compute_issue_count(self):
        counts = dict(
            self.env["crm.partner.quality"]._read_group(
                [("issue_ids", "in", self.ids)], ["issue_ids"], ["__count"]
            )
        )
        for rule in self:
            rule.issue_count = counts.get(rule, 0)

    @api.constrains("check_kind", "field_id")
    def _check_field(self):
        for rule in self:
            if rule.check_kind not in NO_FIELD and not rule.field_id:
                raise ValidationError(
                    self.env._("Rule %s needs the field that it checks.", rule.name)
                )
            # sudo: a property of a field, for who may write the rule
            if rule.field_id and not rule.field_id.sudo().store:
                raise ValidationError(
                    self.env._("Rule %s: choose a field that is stored.", rule.name)
                )

    @api.constrains("domain")
    def _check_domain(self):
        for rule in self:
            try:
                # sudo(False): constraints run as superuser. No rule asks for a hidden field.
                self.sudo(False).env["res.partner"]._search(rule._records_domain(), limit=1)
            except Exception as error:  # a domain is free text: whatever is wrong, say where
                raise ValidationError(
                    self.env._(
                        "The condition of rule %(rule)s cannot be used: %(error)s",
                        rule=rule.name,
                        error=error,
                    )
                ) from error

    # ------------------------------------------------------------------
    # Asking
    # ------------------------------------------------------------------

    def _records_domain(self):
        """Return the domain of the records that the rule is about."""
        self.ensure_one()
        kind = KIND_DOMAINS[self.applies_to]
        return kind & Domain(literal_eval(self.domain or "[]"))

    def _failing_domain(self):
        """Return the domain of the records that fail; addons add kinds of checks here."""
        self.ensure_one()
        return getattr(self, f"_failing_{self.check_kind}")()

    def _failing_filled(self):
        return Domain(self.field_id.name, "=", False)

    def _failing_email(self):
        """No address, one that bounced, or one that is on the black list."""
        return Domain("email", "!=", False) & Domain.OR(
            [
                Domain("email_normalized", "=", False),
                Domain("message_bounce", ">", 0),
                Domain("is_blacklisted", "=", True),
            ]
        )

    def _failing_phone(self):
        return Domain("phone", "!=", False) & Domain("phone_sanitized", "=", False)

    def _failing_uscc(self):
        name = self.field_id.name
        Partner = self.env["res.partner"].with_context(active_test=False)
        query = Partner._search(self._records_domain() & Domain(name, "!=", False))
        column = Partner._field_to_sql(query.table, name, query)
        rows = self.env.execute_query(query.select(SQL.identifier(query.table, "id"), column))
        wrong = [key for key, code in rows if not uscc_is_valid(code.strip().upper())]
        return Domain("id", "in", wrong)

    def _failing_stale(self):
        since = fields.Datetime.now() - relativedelta(months=self.months)
        busy = SQL(" UNION ").join(self._activity_queries(since))
        return Domain("create_date", "<", since) & Domain("id", "not in", SQL("(%s)", busy))

    @api.model
    def _activity_queries(self, since):
        """Return queries of the ids of partners with whom something happened after ``since``.

        Addons with documents of their own add theirs.
        """
        queries = [
            SQL(
                """SELECT res_id FROM mail_message
                    WHERE model = 'res.partner' AND date >= %s
                      AND message_type NOT IN ('notification', 'user_notification')
                      AND res_id IS NOT NULL""",
                since,
            )
        ]
        documents = (
            ("account_move", "date >= %s AND state = 'posted'"),
            ("sale_order", "date_order >= %s AND state <> 'cancel'"),
            ("crm_lead", "COALESCE(date_last_stage_update, create_date) >= %s"),
        )
        for table, condition in documents:
            document = SQL(
                "SELECT partner_id AS id FROM %s WHERE partner_id IS NOT NULL AND %s",
                SQL.identifier(table),
                SQL(condition, since),
            )
            # A document with a contact shows that its company is alive, too.
            queries.append(document)
            queries.append(
                SQL(
                    """SELECT p.commercial_partner_id FROM res_partner p
                        WHERE p.id IN (%s) AND p.commercial_partner_id IS NOT NULL""",
                    document,
                )
            )
        return queries

    def action_open_records(self):
        """Open the records that failed the rule last night."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_customer.crm_partner_quality_action"
        )
        return {**action, "domain": [("issue_ids", "in", self.ids)], "context": {}}
