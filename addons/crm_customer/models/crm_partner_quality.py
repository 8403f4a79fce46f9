import logging

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

_logger = logging.getLogger(__name__)


class CrmPartnerQuality(models.Model):
    """How good the record of a customer is, as of last night; written by set-based statements."""

    _name = "crm.partner.quality"
    _description = "Quality of a Customer Record"
    _order = "score, id"
    _rec_name = "partner_id"

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", readonly=True, index="btree_not_null")
    user_id = fields.Many2one(related="partner_id.user_id", string="Salesperson")
    country_id = fields.Many2one(related="partner_id.country_id")
    kind = fields.Selection(
        [("company", "Company"), ("person", "Person"), ("contact", "Contact")], readonly=True
    )
    score = fields.Float(
        "Quality (%)",
        readonly=True,
        digits=(16, 1),
        aggregator="avg",
        help="Weight of the rules that the record meets, of all that apply to it.",
    )
    issue_count = fields.Integer("Number of Issues", readonly=True)
    issue_ids = fields.Many2many(
        "crm.quality.rule",
        "crm_partner_quality_rule_rel",
        "quality_id",
        "rule_id",
        string="Issues",
        readonly=True,
    )
    date = fields.Datetime("Checked", readonly=True)

    _partner_uniq = models.UniqueIndex("(partner_id)")

    # ------------------------------------------------------------------

    @api.model
    def _cron_compute(self):
        """Check all records, then write the week's figures."""
        self._compute_all()
        self.env["crm.quality.figure"]._compute_week()

    @api.model
    def _scope_domain(self):
        """Return the domain of the records whose quality matters: active, not our own people."""
        # sudo: the addresses of our own companies, only to leave them out
        own = self.env["res.company"].sudo().search([("active", "in", [True, False])]).partner_id
        return Domain(
            [("active", "=", True), ("partner_share", "=", True), ("name", "!=", False)]
        ) & (Domain("id", "not in", own.ids))

    @api.model
    def _compute_all(self):
        """Ask every rule of all records at once, and keep score and issues of each record.

        A rule that cannot be asked keeps its reason and does not count; the others go on.

        :return: the number of records checked
        """
        self.env.flush_all()
        cr = self.env.cr
        cr.execute(SQL("DROP TABLE IF EXISTS crm_quality_answer"))
        cr.execute(
            SQL(
                """CREATE TEMP TABLE crm_quality_answer
                   (partner_id integer, rule_id integer, weight integer, failed boolean)
                   ON COMMIT DROP"""
            )
        )
        for rule in self.env["crm.quality.rule"].search([("active", "=", True)]):
            self._ask_isolated(rule)
        cr.execute(SQL("ANALYZE crm_quality_answer"))
        self._write_scores()
        self.env["crm.partner.quality"].invalidate_model()
        cr.execute(SQL("SELECT COUNT(*) FROM crm_partner_quality"))
        return cr.fetchone()[0]

    @api.model
    def _ask_isolated(self, rule):
        try:
            with self.env.cr.savepoint():
                self._ask(rule)
        except Exception as error:  # a rule that a removed field broke must not stop the others
            _logger.info("Quality rule %s failed", rule.name, exc_info=error)
            rule.error = str(error) or type(error).__name__
            return
        if rule.error:
            rule.error = False

    @api.model
    def _ask(self, rule):
        # sudo: every customer is asked; who reads which answers is a matter of the rules
        Partner = self.env["res.partner"].sudo().with_context(active_test=False)
        records = Partner._search(self._scope_domain() & rule._records_domain())
        failing = Partner._search(
            self._scope_domain() & rule._records_domain() & rule._failing_domain()
        )
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO crm_quality_answer (partner_id, rule_id, weight, failed)
                SELECT asked.id, %(rule)s, %(weight)s, wrong.id IS NOT NULL
                  FROM (%(records)s) asked (id)
             LEFT JOIN (%(failing)s) wrong (id) ON wrong.id = asked.id
                """,
                rule=rule.id,
                weight=rule.weight,
                records=records.select(),
                failing=failing.select(),
            )
        )

    @api.model
    def _write_scores(self):
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO crm_partner_quality (
                    partner_id, company_id, kind, score, issue_count, date,
                    create_uid, create_date, write_uid, write_date
                )
                SELECT p.id, p.company_id,
                       CASE WHEN p.is_company THEN 'company'
                            WHEN p.parent_id IS NULL THEN 'person' ELSE 'contact' END,
                       ROUND(100.0 * SUM(a.weight) FILTER (WHERE NOT a.failed)
                             / SUM(a.weight), 1),
                       COUNT(*) FILTER (WHERE a.failed), now() AT TIME ZONE 'UTC',
                       %(user)s, now() AT TIME ZONE 'UTC', %(user)s, now() AT TIME ZONE 'UTC'
                  FROM crm_quality_answer a
                  JOIN res_partner p ON p.id = a.partner_id
              GROUP BY p.id
                ON CONFLICT (partner_id) DO UPDATE
                   SET company_id = EXCLUDED.company_id, kind = EXCLUDED.kind,
                       score = EXCLUDED.score, issue_count = EXCLUDED.issue_count,
                       date = EXCLUDED.date, write_uid = EXCLUDED.write_uid,
                       write_date = EXCLUDED.write_date
                """,
                user=self.env.uid,
            )
        )
        self._write_issues()

    @api.model
    def _write_issues(self):
        """Keep what each record fails; records that are no longer checked disappear."""
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM crm_partner_quality
                 WHERE partner_id NOT IN (SELECT partner_id FROM crm_quality_answer)
                """
            )
        )
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM crm_partner_quality_rule_rel rel
                 WHERE NOT EXISTS (
                    SELECT FROM crm_quality_answer a
                      JOIN crm_partner_quality q ON q.partner_id = a.partner_id
                     WHERE q.id = rel.quality_id AND a.rule_id = rel.rule_id AND a.failed
                 )
                """
            )
        )
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO crm_partner_quality_rule_rel (quality_id, rule_id)
                SELECT q.id, a.rule_id
                  FROM crm_quality_answer a
                  JOIN crm_partner_quality q ON q.partner_id = a.partner_id
                 WHERE a.failed
                ON CONFLICT DO NOTHING
                """
            )
        )

    # ------------------------------------------------------------------

    @api.model
    def action_check_now(self):
        """Check all records now, for administrators of customer data."""
        if not self.env.user.has_group("crm_customer.group_customer_manager"):
            raise AccessError(
                self.env._("Only administrators of customer data may check all records.")
            )
        self.sudo()._cron_compute()  # sudo: the group was checked above
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_open_partner(self):
        """Open the record to improve it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "res_id": self.partner_id.id,
            "views": [(False, "form")],
        }
