import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..engine.distribution import Candidate, Need, distribute
from ..tools import unlocked

_logger = logging.getLogger(__name__)

BATCH = 50
RETRY = timedelta(days=1)


class CrmLeadDistributor(models.AbstractModel):
    """Distribution of leads to channel partners: loads the facts, asks the engine, offers."""

    _name = "crm.lead.distributor"
    _description = "Distribution of Leads to Partners"

    # ------------------------------------------------------------------
    # Hooks

    @api.model
    def _domain_candidates(self, company):
        """Return the domain of the partners that leads of ``company`` may go to."""
        ours = Domain("company_id", "in", [False, company.id])
        level = Domain("grade_id.company_id", "in", [False, company.id])
        return ours & level & Domain("grade_id", "!=", False) & Domain("is_company", "=", True)

    @api.model
    def _manager(self, lead):
        """Return who is told when a lead finds no partner: ``res.users``, may be empty."""
        return lead.user_id or lead.team_id.user_id

    # ------------------------------------------------------------------
    # Who gets it

    @api.model
    def _candidates(self, company):
        """Return the candidates of ``company``, in the order of their ids: five queries."""
        partners = self.env["res.partner"].search(self._domain_candidates(company), order="id")
        loads = self._counts(partners, [("state", "in", ("offered", "accepted"))])
        since = fields.Datetime.now() - timedelta(days=company.channel_fairness_days)
        received = self._counts(
            partners,
            [
                ("company_id", "=", company.id),
                ("state", "!=", "withdrawn"),
                ("offered_at", ">=", since),
            ],
        )
        return [
            self._candidate(partner, loads.get(partner.id, 0), received.get(partner.id, 0))
            for partner in partners
        ]

    def _counts(self, partners, domain):
        groups = self.env["crm.lead.assignment"]._read_group(
            [("partner_id", "in", partners.ids), *domain], ["partner_id"], ["__count"]
        )
        return {partner.id: count for partner, count in groups}

    def _candidate(self, partner, load, received):
        categories = self.env["product.category"]
        if partner.channel_category_ids:
            categories = categories.search([("id", "child_of", partner.channel_category_ids.ids)])
        last = partner.channel_last_lead_at
        return Candidate(
            partner.id,
            weight=partner.grade_id.lead_weight,
            areas=partner.channel_coverage_ids._areas(),
            categories=frozenset(categories.ids),
            capacity=partner.channel_lead_capacity or None,
            load=load,
            received=received,
            last=int(last.timestamp()) if last else 0,
            paused=partner.channel_lead_paused,
        )

    @api.model
    def _need(self, lead):
        """Return what a lead asks for, as the engine knows it."""
        country = lead.country_id or lead.state_id.country_id
        return Need(
            country.id or None,
            lead.state_id.id or None,
            lead.zip or "",
            lead.city or "",
            tuple(
                frozenset(int(key) for key in category.parent_path.split("/") if key)
                for category in lead.channel_category_ids
            ),
        )

    @api.model
    def _choose(self, lead, candidates):
        """Return the engine's choice for a lead and note it on the candidates."""
        customer = lead.partner_id.commercial_partner_id
        others = [one for one in candidates if one.key != customer.id]
        return distribute(self._need(lead), others, set(lead.channel_assignment_ids.partner_id.ids))

    # ------------------------------------------------------------------
    # Offers

    @api.model
    def _distribute(self, leads, kind="push"):
        """Offer each lead to the partner whose turn it is, or say on it why to nobody.

        The caller has checked that the user may do so. Leads that have an offer already, or are
        closed, are refused.

        :return: the offers (superuser)
        :raise UserError: if a lead is being decided upon by somebody else, has an offer or is won
            or lost
        """
        # sudo: offers are made by the rules, as the caller was checked for
        offers = self.env["crm.lead.assignment"].sudo()
        # sudo: shares and capacity count all leads of a partner, whoever may see them
        for company, group in leads.sudo().grouped(self._company).items():
            candidates = self.sudo()._candidates(company)
            for lead in group:
                lead._channel_lock()
                choice = self._choose(lead, candidates)
                offers |= self._carry_out(lead, choice, kind)
        return offers

    @api.model
    def _company(self, lead):
        return lead.company_id or lead.team_id.company_id or self.env.company

    def _carry_out(self, lead, choice, kind):
        assignments = unlocked(self.env["crm.lead.assignment"])
        reasons = self._reasons(choice)
        if choice.key is not None:
            partner = self.env["res.partner"].browse(choice.key)
            return assignments._offer(lead, partner, kind, reasons)
        grades = self._pool_grades(lead)
        if grades and not lead._channel_all_had_it(grades):
            return assignments._put_in_pool(lead, grades, reasons)
        self._nobody(lead, reasons)
        return assignments

    @api.model
    def _reasons(self, choice):
        """Return how each partner stood, as it is kept with the offer."""
        standings = ([choice.chosen] if choice.chosen else []) + choice.others
        return [
            {
                "partner": one.key,
                "code": one.code,
                "weight": one.weight,
                "received": one.received,
                "open": one.load,
                "due": round(one.due / one.total, 2) if one.total else None,
            }
            for one in standings
        ]

    @api.model
    def _pool_grades(self, lead):
        """Return the levels that may claim from the pool, if leads without a partner go there."""
        company = self._company(lead)
        # sudo: which levels take part, whoever distributes
        grades = self.env["res.partner.grade"].sudo()
        if not company.channel_pool_fallback:
            return grades
        return grades.search(
            [("company_id", "in", [False, company.id]), ("lead_pool_quota", ">", 0)]
        )

    def _nobody(self, lead, reasons):
        """No partner may get the lead: say why on it, and tell who looks after it."""
        text = self.env["crm.lead.assignment"]._explain_nobody(reasons)
        lead.write({"channel_error": text, "channel_retry_at": fields.Datetime.now() + RETRY})
        manager = self._manager(lead)
        if manager:
            lead.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=manager.id,
                summary=self.env._("No partner for this lead"),
                note=text,
            )

    # ------------------------------------------------------------------
    # The scheduled action

    @api.model
    def _domain_due(self):
        """Return the domain of the leads that wait for a partner."""
        now = fields.Datetime.now()
        marked = Domain("channel_distribute", "=", True) | (
            Domain("team_id.channel_distribute", "=", True) & Domain("user_id", "=", False)
        )
        retry = Domain("channel_retry_at", "=", False) | Domain("channel_retry_at", "<=", now)
        waiting = Domain("channel_state", "in", [False, "declined", "expired"])
        free = Domain("won_status", "=", "pending") & Domain("channel_partner_id", "=", False)
        return marked & retry & waiting & free

    @api.model
    def _cron_distribute(self):
        """Distribute the leads that are marked for partners, a batch a transaction."""
        cron = self.env["ir.cron"]
        leads = self.env["crm.lead"]
        cron._commit_progress(remaining=leads.search_count(self._domain_due()))
        while batch := leads.search(self._domain_due(), limit=BATCH, order="id"):
            for lead in batch:
                self._try(lead)
            if not cron._commit_progress(len(batch)):
                break

    def _try(self, lead):
        """Distribute one lead; an error stays on it and does not stop the others."""
        try:
            with self.env.cr.savepoint():
                self._distribute(lead)
        except Exception as error:  # pylint: disable=broad-except  # isolated: on the record
            _logger.info("Distribution of lead %s: %s", lead.id, error)
            self.env.invalidate_all(flush=False)
            lead.write(
                {"channel_error": str(error), "channel_retry_at": fields.Datetime.now() + RETRY}
            )

    @api.model
    def _check_manager(self):
        """:raise UserError: unless the user looks after partners"""
        if not self.env.user.has_group("crm_partner.group_partner_user"):
            raise UserError(self.env._("Only channel managers give leads to partners."))
