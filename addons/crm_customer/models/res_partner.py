import json

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date


class ResPartner(models.Model):
    _inherit = "res.partner"

    # --- value scores ---
    value_score_ids = fields.One2many(
        "crm.partner.score",
        "partner_id",
        string="Value Scores",
        readonly=True,
        groups="crm_customer.group_customer_user",
    )
    value_score_id = fields.Many2one(
        "crm.partner.score",
        string="Current Value Score",
        compute="_compute_value_score_id",
        groups="crm_customer.group_customer_user",
        help="Of the commercial entity, in the current company.",
    )
    value_class = fields.Selection(
        selection=lambda self: self._value_selection("rfm_class"),
        compute="_compute_value_class",
        search="_search_value_class",
        groups="crm_customer.group_customer_user",
    )
    value_churn_class = fields.Selection(
        selection=lambda self: self._value_selection("churn_class"),
        string="Churn Risk",
        compute="_compute_value_class",
        search="_search_value_churn_class",
        groups="crm_customer.group_customer_user",
    )
    value_explanation = fields.Text(
        compute="_compute_value_explanation", groups="crm_customer.group_customer_user"
    )
    value_graph = fields.Text(
        compute="_compute_value_explanation", groups="crm_customer.group_customer_user"
    )

    # --- data quality ---
    quality_ids = fields.One2many(
        "crm.partner.quality", "partner_id", groups="crm_customer.group_customer_user"
    )
    quality_score = fields.Float(
        string="Data Quality",
        compute="_compute_quality",
        groups="crm_customer.group_customer_user",
        help="Share of the rules for this kind of customer that the record meets, by weight, as "
        "of last night.",
    )
    quality_issues = fields.Text(
        compute="_compute_quality", groups="crm_customer.group_customer_user"
    )

    @api.model
    def _sql_contribution(self):
        """Return a query of what customers' documents contributed, from posted journal items.

        One row per posted customer document, in company currency, income positive: ``partner_id``
        (commercial entity), ``company_id``, ``move_id``, ``date`` (of the invoice), ``revenue``
        (untaxed) and ``contribution`` (less the cost of sales the document carries). Addons that
        know further costs of a customer add rows.
        """
        return SQL(
            """
            SELECT move.commercial_partner_id AS partner_id, move.company_id, move.id AS move_id,
                   move.invoice_date AS date,
                   SUM(-line.balance) FILTER (WHERE line.display_type = 'product') AS revenue,
                   SUM(-line.balance) AS contribution
              FROM account_move move
              JOIN account_move_line line ON line.move_id = move.id
              JOIN account_account account ON account.id = line.account_id
             WHERE move.state = 'posted'
               AND move.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
               AND account.account_type ~ '^(income|expense)'
          GROUP BY move.id
            """
        )

    # --- value scores ---

    @api.depends("commercial_partner_id", "value_score_ids")
    @api.depends_context("company")
    def _compute_value_score_id(self):
        scores = self.env["crm.partner.score"].search(
            [
                ("partner_id", "in", self.commercial_partner_id.ids),
                ("company_id", "=", self.env.company.id),
                ("is_current", "=", True),
            ]
        )
        current = scores.grouped("partner_id")
        for partner in self:
            partner.value_score_id = current.get(partner.commercial_partner_id)

    @api.model
    def _value_selection(self, name):
        return self.env["crm.partner.score"]._fields[name]._description_selection(self.env)

    @api.depends("value_score_id")
    @api.depends_context("company")
    def _compute_value_class(self):
        for partner in self:
            partner.value_class = partner.value_score_id.rfm_class
            partner.value_churn_class = partner.value_score_id.churn_class

    def _search_value_class(self, operator, value):
        return self._search_current_score("rfm_class", operator, value)

    def _search_value_churn_class(self, operator, value):
        return self._search_current_score("churn_class", operator, value)

    @api.model
    def _search_current_score(self, name, operator, value):
        """Return the domain of customers, and their contacts, by their score in this company."""
        if operator != "in":
            return NotImplemented
        current = [("company_id", "=", self.env.company.id), ("is_current", "=", True)]
        found = [("value_score_ids", "any", [*current, (name, "in", value)])]
        domain = Domain("commercial_partner_id", "any", found)
        if False in value:
            domain |= ~Domain("commercial_partner_id", "any", [("value_score_ids", "any", current)])
        return domain

    @api.depends("value_score_id")
    @api.depends_context("lang", "uid", "company")
    def _compute_value_explanation(self):
        scores = self.env["crm.partner.score"].search(
            [
                ("partner_id", "in", self.value_score_id.partner_id.ids),
                ("company_id", "=", self.env.company.id),
            ],
            order="month",
        )
        months = scores.grouped("partner_id")
        for partner in self:
            partner.value_explanation = partner.value_score_id.explanation
            history = months.get(partner.value_score_id.partner_id, scores.browse())
            partner.value_graph = partner._value_graph(history[-12:])

    @api.model
    def _value_graph(self, scores):
        """Return the chance to buy within a year by month, or R + F + M where there is none."""
        forecast = all(scores.mapped("has_model"))
        values = [
            {
                "label": format_date(self.env, score.month, date_format="MMM yy"),
                "value": round(100 * score.p_buy)
                if forecast
                else score.recency_score + score.frequency_score + score.monetary_score,
                "type": "past",
            }
            for score in scores
        ]
        label = self.env._("Buys within 12 months (%)") if forecast else self.env._("R + F + M")
        return json.dumps([{"key": label, "values": values}])

    def _customer_score_figures(self):
        """Return the key figures of the customer's value: name, label, value, type, action."""
        self.ensure_one()
        score = self.value_score_id
        if not score:
            return []
        action = "action_open_value_scores"
        fields_ = score._fields
        types = {"selection": "char"}
        names = ["rfm_class", "churn_class", "p_buy", "expected_purchases", "lifetime_value"]
        if not score.has_model:
            names = names[:1]
        return [
            {
                "name": f"score_{name}",
                "label": fields_[name]._description_string(self.env),
                "value": score[name]
                if fields_[name].type != "selection"
                else dict(fields_[name]._description_selection(self.env)).get(score[name]),
                "type": types.get(fields_[name].type, fields_[name].type),
                "action": action,
            }
            for name in names
            if score._has_field_access(fields_[name], "read")
        ]

    def action_open_value_scores(self):
        """Open the value scores of the customer, month by month."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_customer.crm_partner_score_action"
        )
        domain = [("partner_id", "=", self.commercial_partner_id.id)]
        return {**action, "domain": domain, "context": {}}

    # --- data quality ---

    @api.depends("quality_ids")
    @api.depends_context("lang")
    def _compute_quality(self):
        for partner in self:
            found = partner.quality_ids[:1]
            partner.quality_score = found.score
            partner.quality_issues = "\n".join(found.issue_ids.mapped("name")) or False
