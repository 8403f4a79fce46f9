import logging
from ast import literal_eval
from datetime import datetime

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, formatLang

_logger = logging.getLogger(__name__)


class CrmCustomerLevel(models.Model):
    """A, B, C …: how important a customer is. The first level whose rule is met is the level."""

    _name = "crm.customer.level"
    _description = "Customer Level"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(
        default=10, help="Levels are tried in this order; the first one that fits is the level."
    )
    color = fields.Integer()
    description = fields.Text(translate=True, help="What customers of this level get.")
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", help="Empty: for customers of all companies, with the revenue of all."
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        help="Revenue of companies with other currencies is converted at the rate of the day.",
    )
    rule = fields.Selection(
        [
            ("manual", "By hand only"),
            ("revenue", "Revenue"),
            ("domain", "Condition on the customer"),
            ("both", "Revenue and condition"),
        ],
        string="Given",
        required=True,
        default="revenue",
    )
    min_revenue = fields.Monetary(
        "Revenue from", help="Untaxed, invoices less credit notes, in the months to today."
    )
    months = fields.Integer("In the Last (Months)", default=12)
    domain = fields.Char("Condition", default="[]")
    error = fields.Char(
        readonly=True,
        help="Why the rule could not be applied in the last run. Customers who have this level "
        "keep it meanwhile.",
    )
    partner_count = fields.Integer("Customers", compute="_compute_partner_count")

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_partner_count(self):
        counts = dict(
            self.env["res.partner"]._read_group(
                [("customer_level_id", "in", self.ids), ("parent_id", "=", False)],
                ["customer_level_id"],
                ["__count"],
            )
        )
        for level in self:
            level.partner_count = counts.get(level, 0)

    @api.constrains("rule", "min_revenue", "months")
    def _check_revenue(self):
        for level in self:
            if level.rule in ("revenue", "both") and level.months <= 0:
                raise ValidationError(
                    self.env._("Level %s: enter how many months of revenue count.", level.name)
                )

    @api.constrains("domain", "rule")
    def _check_domain(self):
        for level in self.filtered(lambda level: level.rule in ("domain", "both")):
            try:
                # sudo(False): constraints run as superuser. Nobody may ask, by a level, for a
                # field that is hidden from them.
                self.sudo(False).env["res.partner"]._search(level._parsed_domain(), limit=1)
            except Exception as error:
                raise ValidationError(
                    self.env._(
                        "Level %(name)s: the condition cannot be used: %(error)s",
                        name=level.name,
                        error=error,
                    )
                ) from error

    def _parsed_domain(self):
        return Domain(literal_eval(self.domain or "[]"))

    # ------------------------------------------------------------------
    # Actions

    def action_open_customers(self):
        """Show the customers of this level."""
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("crm_customer.customer_360_action"),
            "domain": [("customer_level_id", "=", self.id), ("parent_id", "=", False)],
            "context": {},
        }

    def action_refresh(self):
        """Give every customer its level now, as the nightly job does."""
        self.check_access("write")
        # sudo: checked above; the rules look at documents of everybody
        changed = self.sudo()._refresh()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("%s customers have another level now.", changed),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    # ------------------------------------------------------------------
    # Refresh

    @api.model
    def _cron_refresh(self):
        """Give every customer its level. A level whose rule fails notes why and is left out."""
        return self._refresh()

    @api.model
    def _refresh(self, today=None):
        """Set the level of every customer that is not locked by hand.

        One statement for all levels. Customers of a level whose rule fails keep it.

        :return: number of customers whose level changed
        """
        today = today or fields.Date.context_today(self)
        self.env.flush_all()
        levels = self.search([("active", "=", True)])
        rules = [level._safe_match(today) for level in levels]
        matches = [match for match in rules if match]
        kept = levels.filtered("error") | levels.filtered(lambda level: level.rule == "manual")
        self.env.flush_all()
        self.env.cr.execute(self._sql_refresh(matches, kept.ids))
        changed = self.env.cr.fetchone()[0]
        self.env["res.partner"].invalidate_model(
            ["customer_level_id", "customer_level_facts", "customer_level_reason"]
        )
        return changed

    def _safe_match(self, today):
        """Return the query of this level's customers; note on the level why it cannot be used."""
        self.ensure_one()
        if self.rule == "manual":
            return None
        try:
            with self.env.cr.savepoint():
                query = self._sql_match(today)
                self.env.cr.execute(SQL("SELECT id FROM (%s) AS match LIMIT 1", query))
        except Exception as error:
            message = f"{datetime.now():%Y-%m-%d}: {error}"[:500]
            _logger.warning("Customer level %s: the rule cannot be applied: %s", self.name, error)
            self.error = message
            return None
        if self.error:
            self.error = False
        return query

    def _sql_match(self, today):
        """Return the query of (id, sequence, level, facts) of the customers the rule fits."""
        conditions = [SQL("p.id = p.commercial_partner_id")]
        if self.company_id:
            conditions.append(SQL("p.company_id = %s", self.company_id.id))
        if self.rule in ("domain", "both"):
            query = self.env["res.partner"]._search(self._parsed_domain())
            conditions.append(SQL("p.id IN %s", query.subselect()))
        where = SQL(" AND ").join(conditions)
        position = self._position()
        if self.rule == "domain":
            return SQL(
                """SELECT p.id, %s AS position, %s AS level, '{}'::jsonb AS facts
                     FROM res_partner p WHERE %s""",
                position,
                self.id,
                where,
            )
        return SQL(
            """SELECT p.id, %s AS position, %s AS level,
                      jsonb_build_object('revenue', ROUND(r.revenue::numeric, 2)) AS facts
                 FROM res_partner p JOIN (%s) AS r ON r.partner_id = p.id
                WHERE %s AND r.revenue >= %s""",
            position,
            self.id,
            self._sql_revenue(today),
            where,
            self.min_revenue,
        )

    def _position(self):
        return self.search([("active", "=", True)]).ids.index(self.id)

    def _sql_revenue(self, today):
        """Return the query of untaxed revenue per customer in the level's currency."""
        rates = SQL(", ").join(
            SQL("(%s, %s)", company.id, self._rate(company, today))
            for company in self.company_id
            or self.env["res.company"].search_fetch([], ["currency_id"])
        )
        return SQL(
            """SELECT m.commercial_partner_id AS partner_id,
                      SUM(m.amount_untaxed_signed * rate.value) AS revenue
                 FROM account_move m JOIN (VALUES %s) AS rate (company_id, value)
                   ON rate.company_id = m.company_id
                WHERE m.state = 'posted' AND m.invoice_date > %s AND m.invoice_date <= %s
                  AND m.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
             GROUP BY m.commercial_partner_id""",
            rates,
            today - relativedelta(months=self.months),
            today,
        )

    def _rate(self, company, today):
        return self.env["res.currency"]._get_conversion_rate(
            company.currency_id, self.currency_id, company, today
        )

    def _sql_refresh(self, matches, kept):
        """Return the statement that writes the levels onto customers and their contacts."""
        found = (
            SQL(" UNION ALL ").join(matches)
            if matches
            else SQL("SELECT 0 AS id, 0 AS position, 0 AS level, '{}'::jsonb AS facts WHERE FALSE")
        )
        return SQL(
            """
            WITH best AS (
                SELECT DISTINCT ON (id) id, level, facts FROM (%(found)s) AS match
              ORDER BY id, position
            ), target AS (
                SELECT p.id, best.level, best.facts
                  FROM res_partner p LEFT JOIN best ON best.id = p.id
                 WHERE p.id = p.commercial_partner_id AND p.customer_level_locked IS NOT TRUE
                   AND NOT COALESCE(p.customer_level_id = ANY(%(kept)s), FALSE)
                   AND (best.level IS DISTINCT FROM p.customer_level_id
                        OR best.facts IS DISTINCT FROM p.customer_level_facts)
            ), written AS (
                UPDATE res_partner p
                   SET customer_level_id = target.level, customer_level_facts = target.facts
                  FROM target WHERE p.commercial_partner_id = target.id
             RETURNING p.id, p.commercial_partner_id
            ), changed AS (
                SELECT target.id FROM target JOIN res_partner old ON old.id = target.id
                 WHERE old.customer_level_id IS DISTINCT FROM target.level
            )
            SELECT COUNT(*) FROM changed
            """,
            found=found,
            kept=kept,
        )

    def _explain(self, facts, locked=False):
        """Return in the reader's language why a customer has this level."""
        self.ensure_one()
        if locked:
            return self.env._("Set by hand")
        if "revenue" in (facts or {}):
            return self.env._(
                "Revenue of the last %(months)s months %(revenue)s, level from %(limit)s",
                months=self.months,
                revenue=formatLang(self.env, facts["revenue"], currency_obj=self.currency_id),
                limit=formatLang(self.env, self.min_revenue, currency_obj=self.currency_id),
            )
        return self.env._("Fits the condition of the level") if self.rule == "domain" else ""
