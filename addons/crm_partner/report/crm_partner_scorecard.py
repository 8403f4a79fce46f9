from odoo import api, fields, models
from odoo.tools import SQL, format_date

#: rates of the scorecard: name → (part, whole)
RATES = {
    "conflict_rate": ("conflicts", "registrations"),
    "acceptance_rate": ("leads_accepted", "leads_offered"),
    "mdf_roi": ("mdf_gain", "mdf_settled"),
    "growth": ("gain_compared", "purchases_compared"),
}


class CrmPartnerScorecard(models.Model):
    """What a partner of the programme brought and got in the last twelve months.

    One row per partner and company; amounts in the currency of the company, excluding taxes. The
    twelve months end today, in the time zone of the reader; purchases are those of posted invoices
    less credit notes, compared with the twelve months before. A partner that did not buy through
    the whole of these has no growth: the note says why.
    """

    _name = "crm.partner.scorecard"
    _description = "Partner Scorecard"
    _auto = False
    _order = "purchases desc, id"
    _rec_name = "partner_id"

    partner_id = fields.Many2one("res.partner", readonly=True)
    grade_id = fields.Many2one("res.partner.grade", "Level", readonly=True)
    user_id = fields.Many2one("res.users", "Channel Manager", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    purchases = fields.Monetary("Net Purchases", readonly=True)
    purchases_before = fields.Monetary("Net Purchases before", readonly=True)
    purchases_gain = fields.Monetary("Gain of Purchases", readonly=True)
    first_purchase = fields.Date(readonly=True)
    comparable = fields.Boolean(
        "Growth Is Known", readonly=True, help="Bought through the whole of the year before."
    )
    purchases_compared = fields.Monetary("Net Purchases Compared", readonly=True)
    gain_compared = fields.Monetary(readonly=True)
    growth_note = fields.Char("Why No Growth", compute="_compute_growth_note")
    growth = fields.Float("Growth (%)", readonly=True, aggregator="avg", digits=(16, 1))
    overdue = fields.Monetary("Overdue Receivable", readonly=True)
    registrations = fields.Integer("Registered Deals", readonly=True)
    conflicts = fields.Integer(readonly=True)
    deals_won = fields.Integer("Registered Deals Won", readonly=True)
    conflict_rate = fields.Float("Conflicts (%)", readonly=True, aggregator="avg", digits=(5, 1))
    leads_offered = fields.Integer(readonly=True)
    leads_accepted = fields.Integer(readonly=True)
    leads_won = fields.Integer(readonly=True)
    acceptance_rate = fields.Float(
        "Acceptance of Leads (%)", readonly=True, aggregator="avg", digits=(5, 1)
    )
    certificates = fields.Integer("Valid Certificates", readonly=True)
    rebates = fields.Monetary("Rebates Accrued", readonly=True)
    mdf_settled = fields.Monetary("Funds Spent", readonly=True)
    mdf_gain = fields.Monetary("Gain of Funds", readonly=True)
    mdf_roi = fields.Float("ROI of Funds (%)", readonly=True, aggregator="avg", digits=(16, 1))
    diversions = fields.Integer("Diversion Cases", readonly=True)

    @api.depends("comparable", "first_purchase")
    @api.depends_context("lang")
    def _compute_growth_note(self):
        for row in self:
            row.growth_note = not row.comparable and row._why_no_growth()

    def _why_no_growth(self):
        today = fields.Date.context_today(self)
        if not self.first_purchase:
            return self.env._("No purchase yet")
        if self.first_purchase <= fields.Date.subtract(today, years=2):
            return self.env._("Nothing bought in the year before")
        return self.env._(
            "Buys since %s: no whole year before to compare with",
            format_date(self.env, self.first_purchase),
        )

    @property
    def _table_query(self):
        self.env.flush_all()
        today = fields.Date.context_today(self)
        span = {
            "companies": list(self.env.companies.ids),
            "today": today,
            "since": fields.Date.subtract(today, years=1),
            "before": fields.Date.subtract(today, years=2),
        }
        joins = SQL(" ").join(
            SQL(
                """LEFT JOIN (%s) %s ON %s.partner_id = partner.id
                                    AND %s.company_id = company.id""",
                query,
                *[SQL.identifier(name)] * 3,
            )
            for name, query in self._sources(span).items()
        )
        figures = SQL(
            """SELECT company.id::bigint * 2147483648 + partner.id AS id,
                      partner.id AS partner_id, partner.grade_id, partner.user_id,
                      company.id AS company_id,
                      COALESCE(bought.now, 0) AS purchases,
                      COALESCE(bought.before, 0) AS purchases_before,
                      CASE WHEN bought.before > 0 THEN bought.now - bought.before ELSE 0 END
                      AS purchases_gain,
                      bought.first AS first_purchase,
                      COALESCE(bought.whole, FALSE) AS comparable,
                      CASE WHEN bought.whole THEN bought.before ELSE 0 END AS purchases_compared,
                      CASE WHEN bought.whole THEN bought.now - bought.before ELSE 0 END
                      AS gain_compared,
                      COALESCE(owed.overdue, 0) AS overdue,
                      COALESCE(deal.registrations, 0) AS registrations,
                      COALESCE(deal.conflicts, 0) AS conflicts,
                      COALESCE(deal.won, 0) AS deals_won,
                      COALESCE(lead.offered, 0) AS leads_offered,
                      COALESCE(lead.accepted, 0) AS leads_accepted,
                      COALESCE(lead.won, 0) AS leads_won,
                      COALESCE(certificate.valid, 0) AS certificates,
                      COALESCE(rebate.accrued, 0) AS rebates,
                      COALESCE(fund.settled, 0) AS mdf_settled,
                      COALESCE(fund.gain, 0) AS mdf_gain,
                      COALESCE(diversion.cases, 0) AS diversions
                 FROM res_partner partner
                 JOIN res_company company ON company.id = ANY(%(companies)s)
                  AND (partner.company_id IS NULL OR partner.company_id = company.id)
                 %(joins)s
                WHERE partner.grade_id IS NOT NULL AND partner.active
                  AND partner.commercial_partner_id = partner.id""",
            companies=span["companies"],
            joins=joins,
        )
        rates = SQL(", ").join(
            SQL(
                "100.0 * %s / NULLIF(%s, 0) AS %s",
                SQL.identifier(part),
                SQL.identifier(whole),
                SQL.identifier(name),
            )
            for name, (part, whole) in RATES.items()
        )
        return SQL("SELECT figures.*, %s FROM (%s) figures", rates, figures)

    def _sources(self, span):
        """Return one query per topic; each has partner_id, company_id and sums of them."""
        return {
            "bought": self._sql_purchases(span),
            "owed": self._sql_overdue(span),
            "deal": self._sql_deals(span),
            "lead": self._sql_leads(span),
            "certificate": self._sql_certificates(span),
            "rebate": self._sql_rebates(span),
            "fund": self._sql_funds(span),
            "diversion": self._sql_diversions(span),
        }

    def _sql_purchases(self, span):
        # the first purchase is looked for in all years, so only partners of the programme are read
        return SQL(
            """SELECT sums.*, sums.first <= %(before)s AND sums.before > 0 AS whole
                 FROM (SELECT move.commercial_partner_id AS partner_id, move.company_id,
                              COALESCE(SUM(move.amount_untaxed_signed)
                                       FILTER (WHERE move.invoice_date > %(since)s), 0) AS now,
                              COALESCE(SUM(move.amount_untaxed_signed)
                                       FILTER (WHERE move.invoice_date > %(before)s
                                                 AND move.invoice_date <= %(since)s), 0) AS before,
                              MIN(move.invoice_date) FILTER (WHERE move.move_type = 'out_invoice')
                              AS first
                         FROM account_move move
                         JOIN res_partner partner ON partner.id = move.commercial_partner_id
                          AND partner.grade_id IS NOT NULL
                        WHERE move.move_type IN ('out_invoice', 'out_refund')
                          AND move.state = 'posted' AND move.company_id = ANY(%(companies)s)
                          AND move.invoice_date <= %(today)s
                     GROUP BY move.commercial_partner_id, move.company_id) sums""",
            **span,
        )

    def _sql_overdue(self, span):
        return SQL(
            """SELECT move.commercial_partner_id AS partner_id, line.company_id,
                      SUM(line.amount_residual) AS overdue
                 FROM account_move_line line
                 JOIN account_move move ON move.id = line.move_id
                 JOIN account_account account ON account.id = line.account_id
                WHERE account.account_type = 'asset_receivable' AND NOT line.reconciled
                  AND line.parent_state = 'posted' AND line.company_id = ANY(%(companies)s)
                  AND line.date_maturity < %(today)s
             GROUP BY move.commercial_partner_id, line.company_id""",
            **span,
        )

    def _sql_deals(self, span):
        return SQL(
            """SELECT partner_id, company_id, COUNT(*) AS registrations,
                      COUNT(*) FILTER (WHERE in_conflict) AS conflicts,
                      COUNT(*) FILTER (WHERE state = 'won') AS won
                 FROM crm_deal_registration
                WHERE active AND submitted_at >= %(since)s AND company_id = ANY(%(companies)s)
             GROUP BY partner_id, company_id""",
            **span,
        )

    def _sql_leads(self, span):
        # an offer that we withdrew is nobody's doing
        return SQL(
            """SELECT partner_id, company_id, COUNT(*) AS offered,
                      COUNT(*) FILTER (WHERE state IN ('accepted', 'converted', 'lost'))
                      AS accepted,
                      COUNT(*) FILTER (WHERE state = 'converted') AS won
                 FROM crm_lead_assignment
                WHERE partner_id IS NOT NULL AND state NOT IN ('pool', 'offered', 'withdrawn')
                  AND create_date >= %(since)s AND company_id = ANY(%(companies)s)
             GROUP BY partner_id, company_id""",
            **span,
        )

    def _sql_certificates(self, span):
        return SQL(
            """SELECT certificate.partner_id, company.id AS company_id, COUNT(*) AS valid
                 FROM crm_partner_certificate certificate
                 JOIN res_company company ON company.id = ANY(%(companies)s)
                  AND (certificate.company_id IS NULL OR certificate.company_id = company.id)
                WHERE certificate.state = 'confirmed' AND certificate.date_from <= %(today)s
                  AND (certificate.date_to IS NULL OR certificate.date_to >= %(today)s)
             GROUP BY certificate.partner_id, company.id""",
            **span,
        )

    def _sql_rebates(self, span):
        return SQL(
            """SELECT entry.partner_id, entry.company_id, -SUM(entry.amount) AS accrued
                 FROM crm_subledger_entry entry
                 JOIN crm_subledger ledger ON ledger.id = entry.ledger_id
                WHERE ledger.kind = 'rebate' AND entry.kind <> 'settlement'
                  AND entry.date > %(since)s AND entry.date <= %(today)s
                  AND entry.company_id = ANY(%(companies)s)
             GROUP BY entry.partner_id, entry.company_id""",
            **span,
        )

    def _sql_funds(self, span):
        return SQL(
            """SELECT partner_id, company_id, SUM(settled) AS settled,
                      SUM(CASE WHEN settled > 0 THEN won_revenue - settled ELSE 0 END) AS gain
                 FROM crm_mdf_request
                WHERE date_from > %(since)s AND company_id = ANY(%(companies)s)
             GROUP BY partner_id, company_id""",
            **span,
        )

    def _sql_diversions(self, span):
        return SQL(
            """SELECT partner_id, company_id, COUNT(*) AS cases
                 FROM crm_diversion_case
                WHERE state <> 'dismissed' AND create_date >= %(since)s
                  AND company_id = ANY(%(companies)s)
             GROUP BY partner_id, company_id""",
            **span,
        )

    def _read_group_select(self, aggregate_spec, query):
        """A rate is that of the sums, not the mean of rates."""
        name, _colon, function = aggregate_spec.partition(":")
        if name not in RATES or function != "avg":
            return super()._read_group_select(aggregate_spec, query)
        part, whole = (self._field_to_sql(self._table, field, query) for field in RATES[name])
        return SQL("100.0 * SUM(%s) / NULLIF(SUM(%s), 0)", part, whole)

    def action_open_partner(self):
        """Open the partner of the row."""
        self.ensure_one()
        return self.partner_id._get_records_action()
