from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_amount, format_date

LEVELS = ("green", "amber", "red")
BATCH = 500


class CrmDealHealth(models.AbstractModel):
    """How healthy open opportunities are, and why: read from the ledger and from the work on them.

    Every signal is asked for a whole batch of opportunities in one query.
    """

    _name = "crm.deal.health"
    _description = "Deal Health"

    # ------------------------------------------------------------------
    # Hooks
    # ------------------------------------------------------------------

    @api.model
    def _signals(self, leads):
        """Return ``{lead id: [(level, code, values)]}``: what is wrong with open opportunities.

        An addon adds signals of its own (open tickets, a missing consent …) by extending this; it
        explains them in :meth:`_explain`. Set-based: the number of queries does not depend on the
        number of leads.

        :param leads: opportunities, read as superuser
        :return: level ``amber`` or ``red``; a code; values as plain JSON
        """
        found = defaultdict(list)
        for method in (
            self._signals_receivables,
            self._signals_contact,
            self._signals_rotting,
            self._signals_closing,
        ):
            for lead_id, signal in method(leads):
                found[lead_id].append(signal)
        return found

    @api.model
    def _explain(self, code, values):
        """Return a signal as a sentence in the language of the reader."""
        method = getattr(self, f"_explain_{code}", None)
        return method(**values) if method else code

    # ------------------------------------------------------------------
    # Refreshing
    # ------------------------------------------------------------------

    @api.model
    def _refresh(self, leads):
        """Bring level and reasons of ``leads`` up to date; writes what changed only."""
        # sudo: receivables of the customer, of which only the level and totals are shown
        leads = leads.sudo().with_context(active_test=False)
        open_leads = leads.filtered(
            lambda lead: lead.type == "opportunity" and lead._outcome() == "pending"
        )
        found = self._signals(open_leads) if open_leads else {}
        now = fields.Datetime.now()
        for lead in leads:
            signals = sorted(found.get(lead.id, []), key=lambda signal: -LEVELS.index(signal[0]))
            level = signals[0][0] if signals else "green"
            if lead not in open_leads:
                level = False
            rows = [list(signal) for signal in signals]
            if lead.health != level or (lead.health_signals or []) != rows:
                lead.with_context(tracking_disable=True).write(
                    {"health": level, "health_signals": rows, "health_date": now}
                )

    @api.model
    def _cron_refresh(self):
        """Refresh all open opportunities, in batches; one that fails keeps its reason."""
        leads = self.env["crm.lead"].search(
            [
                ("type", "=", "opportunity"),
                "|",
                ("won_status", "=", "pending"),
                ("health", "!=", False),
            ],
            order="id",
        )
        progress = self.env["ir.cron"]
        progress._commit_progress(remaining=len(leads))
        for start in range(0, len(leads), BATCH):
            batch = leads[start : start + BATCH]
            self._refresh_safely(batch)
            if not progress._commit_progress(len(batch)):
                break

    @api.model
    def _refresh_safely(self, leads):
        """Refresh a batch, or one by one where a lead of the batch cannot be evaluated."""
        try:
            with self.env.cr.savepoint():
                self._refresh(leads)
        except Exception as error:
            if len(leads) == 1:
                leads._set_discipline_error(str(error))
                return
            for lead in leads:
                self._refresh_safely(lead)

    # ------------------------------------------------------------------
    # Signals
    # ------------------------------------------------------------------

    @api.model
    def _signals_receivables(self, leads):
        """Yield overdue receivables (red) and an exceeded credit limit (red, amber from 90 %)."""
        for company, group in leads.grouped(
            lambda lead: lead.company_id or self.env.company
        ).items():
            partners = group.partner_id.commercial_partner_id.with_company(company)
            due, overdue = self._balances(company, partners)
            for lead in group:
                partner = lead.partner_id.commercial_partner_id.with_company(company)
                yield from self._receivable_signals(
                    lead, partner, due.get(partner.id, 0), overdue.get(partner.id)
                )

    @api.model
    def _balances(self, company, partners):
        """Return ``({partner id: open amount}, {partner id: (overdue amount, oldest day)})``."""
        base = Domain(
            [
                ("company_id", "child_of", company.id),
                ("partner_id.commercial_partner_id", "in", partners.ids),
                ("parent_state", "=", "posted"),
                ("account_type", "=", "asset_receivable"),
                ("reconciled", "=", False),
            ]
        )
        today = fields.Date.context_today(self)
        lines = self.env["account.move.line"]
        due, overdue = defaultdict(float), {}
        for partner, amount in lines._read_group(base, ["partner_id"], ["amount_residual:sum"]):
            due[partner.commercial_partner_id.id] += amount
        late = base & Domain("date_maturity", "<", today)
        for partner, amount, oldest in lines._read_group(
            late, ["partner_id"], ["amount_residual:sum", "date_maturity:min"]
        ):
            key = partner.commercial_partner_id.id
            before, first = overdue.get(key, (0.0, oldest))
            overdue[key] = (before + amount, min(first, oldest))
        return due, overdue

    @api.model
    def _receivable_signals(self, lead, partner, due, overdue):
        company = lead.company_id or self.env.company
        currency = company.currency_id
        if overdue and currency.compare_amounts(overdue[0], 0) > 0:
            values = {
                "amount": overdue[0],
                "currency": currency.id,
                "since": str(overdue[1]),
            }
            yield lead.id, ("red", "overdue", values)
        limit = partner.credit_limit if partner.use_partner_credit_limit else 0.0
        if not limit:
            return
        exposure = due + lead.expected_revenue
        values = {"exposure": exposure, "limit": limit, "currency": currency.id}
        if currency.compare_amounts(due, limit) > 0:
            yield lead.id, ("red", "limit", values)
        elif currency.compare_amounts(exposure, limit) > 0:
            yield lead.id, ("amber", "limit", values)

    @api.model
    def _signals_contact(self, leads):
        """Yield opportunities nobody was in touch about: amber after the days of the company,
        red after twice as many."""
        last = self._last_contacts(leads)
        today = fields.Date.context_today(self)
        for lead in leads:
            limit = (lead.company_id or self.env.company).deal_contact_days
            if not limit:
                continue
            days = (today - (last.get(lead.id) or lead.create_date.date())).days
            if days > limit:
                level = "red" if days > 2 * limit else "amber"
                yield lead.id, (level, "contact", {"days": days})

    @api.model
    def _last_contacts(self, leads):
        """Return ``{lead id: day}`` of the last mail, note, done activity or meeting."""
        last = {}
        queries = (
            ("mail.message", "res_id", "date:max", self._message_domain()),
            ("mail.activity", "res_id", "date_done:max", [("active", "=", False)]),
        )
        for model, key, aggregate, domain in queries:
            groups = (
                self.env[model]
                .with_context(active_test=False)
                ._read_group(
                    Domain(domain)
                    & Domain(
                        [
                            ("model" if model == "mail.message" else "res_model", "=", "crm.lead"),
                            (key, "in", leads.ids),
                        ]
                    ),
                    [key],
                    [aggregate],
                )
            )
            for lead_id, moment in groups:
                self._keep_latest(last, lead_id, moment)
        for lead, moment in self.env["calendar.event"]._read_group(
            [("opportunity_id", "in", leads.ids), ("stop", "<=", fields.Datetime.now())],
            ["opportunity_id"],
            ["stop:max"],
        ):
            self._keep_latest(last, lead.id, moment)
        return last

    @api.model
    def _message_domain(self):
        return [
            ("message_type", "in", ("email", "comment", "email_outgoing")),
        ]

    @api.model
    def _keep_latest(self, last, lead_id, moment):
        if moment:
            day = fields.Date.to_date(moment)
            last[lead_id] = max(last.get(lead_id, day), day)

    @api.model
    def _signals_rotting(self, leads):
        for lead in leads:
            if lead.is_rotting:
                values = {"stage": lead.stage_id.id, "days": lead.rotting_days}
                yield lead.id, ("amber", "rotting", values)

    @api.model
    def _signals_closing(self, leads):
        today = fields.Date.context_today(self)
        for lead in leads:
            if lead.date_deadline and lead.date_deadline < today:
                level = "red" if lead.date_deadline < today - timedelta(days=30) else "amber"
                yield lead.id, (level, "closing", {"date": str(lead.date_deadline)})

    # ------------------------------------------------------------------
    # Sentences
    # ------------------------------------------------------------------

    def _explain_overdue(self, amount, currency, since):
        return self.env._(
            "The customer owes %(amount)s, overdue since %(date)s.",
            amount=self._money(amount, currency),
            date=format_date(self.env, since),
        )

    def _explain_limit(self, exposure, limit, currency):
        return self.env._(
            "With this deal the customer would owe %(exposure)s; the credit limit is %(limit)s.",
            exposure=self._money(exposure, currency),
            limit=self._money(limit, currency),
        )

    def _explain_contact(self, days):
        return self.env._("No contact for %s days.", days)

    def _explain_rotting(self, stage, days):
        return self.env._(
            "%(days)s days in the stage %(stage)s.",
            days=days,
            stage=self.env["crm.stage"].browse(stage).exists().name or "",
        )

    def _explain_closing(self, date):
        return self.env._("The expected closing, %s, is past.", format_date(self.env, date))

    def _money(self, amount, currency):
        return format_amount(self.env, amount, self.env["res.currency"].browse(currency))
