from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..tools import is_unlocked, unlocked

#: whose change may bring an opportunity to a customer that a partner has registered
DEAL_SOURCES = frozenset(
    {"partner_id", "partner_name", "phone", "email_from", "website", "type", "city", "street"}
)
DEAL_OUTCOME = frozenset({"stage_id", "probability", "active", "lost_reason_id"})
DEAL_FIELDS = frozenset({"deal_registration_id", "deal_guard_id"})


class CrmLead(models.Model):
    _inherit = "crm.lead"

    # --- deal registration ---

    deal_registration_id = fields.Many2one(
        "crm.deal.registration",
        "Registered Deal",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The deal of a partner that this opportunity belongs to.",
    )
    channel_partner_id = fields.Many2one(
        "res.partner",
        copy=False,
        index="btree_not_null",
        tracking=True,
        domain="[('grade_id', '!=', False)]",
        help="The partner company that works on this opportunity.",
    )
    deal_guard_id = fields.Many2one(
        "crm.deal.registration",
        "Protected for a Partner",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="A partner has registered this customer; talk to the channel manager.",
    )
    deal_guard_until = fields.Date(
        related="deal_guard_id.protected_until", string="Protected until", compute_sudo=True
    )

    @api.model_create_multi
    def create(self, vals_list):
        self._deal_refuse_forged(vals_list)
        leads = super().create(vals_list)
        leads._deal_after_change()
        return leads

    def write(self, vals):
        self._deal_refuse_forged([vals])
        result = super().write(vals)
        self._deal_after_write(vals)
        return result

    def unlink(self):
        self.env["crm.deal.key"]._forget("l", self.ids)
        return super().unlink()

    @api.model
    def _deal_refuse_forged(self, vals_list):
        """Only an approved registration makes an opportunity that of a partner's deal."""
        if not is_unlocked(self.env) and any(
            vals.get(name) for vals in vals_list for name in DEAL_FIELDS & vals.keys()
        ):
            raise UserError(
                self.env._("The registered deal of an opportunity is set by its approval only.")
            )

    def _deal_after_write(self, vals):
        if vals.keys() & DEAL_SOURCES:
            self._deal_after_change()
        elif vals.keys() & {"active", "company_id", "channel_partner_id"} | DEAL_FIELDS:
            self._deal_refresh_keys()
        if vals.keys() & DEAL_OUTCOME:
            self._deal_follow()

    def _deal_after_change(self):
        """Keep the keys of direct opportunities, and look whether a partner was first."""
        self._deal_refresh_keys()
        self._deal_guard()

    # --- keys ---

    def _deal_direct(self):
        """Return the open opportunities among these that direct sales works on."""
        return self.filtered(
            lambda lead: (
                lead.type == "opportunity"
                and lead.active
                and lead.won_status == "pending"
                and not lead.deal_registration_id
                and not lead.channel_partner_id
            )
        )

    def _deal_refresh_keys(self):
        """Make the matching keys of opportunities without a contact; others go by the contact."""
        if not self:
            return
        keys = self.env["crm.deal.key"]
        keys._forget("l", self.ids)
        leads = self.sudo()._deal_direct()  # sudo: hashes of them, for the conflict check
        named = leads.filtered(lambda lead: lead.partner_name and not lead.partner_id)
        keys._store([("l", lead.id, lead._deal_hashes()) for lead in named])

    def _deal_hashes(self):
        matcher = self.env["crm.deal.matcher"]
        record = self._deal_match_record()
        rulesets = matcher._rulesets(self.company_id)
        return self.env["crm.deal.key"]._hashes(rulesets, record, matcher._identities(record))

    def _deal_match_record(self):
        """Return the company of an opportunity as columns of the matching engine."""
        self.ensure_one()
        return {
            "id": None,
            "company_id": self.company_id.id or None,
            "parent_id": None,
            "name": self.partner_name,
            "phone": self.phone_sanitized or self.phone or None,
            "email": self.email_normalized or self.email_from or None,
            "address": " ".join(filter(None, (self.street, self.street2))) or None,
            "city": self.city or None,
            "zip": self.zip or None,
            "vat": None,
            "domain": self.website or self.email_normalized or None,
            "company": None,
            "ref": None,
        }

    @api.model
    def _cron_deal_keys(self):
        """Make missing keys: after installation, and after the matching rules changed."""
        progress = self.env["ir.cron"]
        registrations = self.env["crm.deal.registration"]
        for records, owner, domain in (
            (registrations, "r", Domain("state", "in", ("review", "approved", "won"))),
            (self, "l", self.env["crm.deal.matcher"]._direct_leads_domain()),
        ):
            last = 0
            while found := records.search(domain & Domain("id", ">", last), order="id", limit=500):
                last = found[-1].id
                missing = self.env["crm.deal.key"]._missing(owner, found.ids)
                records.browse(missing)._deal_refresh_keys()
                if not progress._commit_progress(len(found)):
                    return

    # --- guard ---

    def _deal_guard(self):
        """Warn, block, or hand over to the partner what direct sales began after a partner."""
        if is_unlocked(self.env):
            return
        for lead in self.sudo()._deal_direct():  # sudo: told no more than the number and a date
            company = lead.company_id or self.env.company
            if not company.deal_direct_policy or not lead._deal_is_watched(company):
                continue
            registration = lead._deal_registered(company)
            if registration and registration != lead.deal_guard_id:
                lead._deal_apply_policy(registration, company.sudo().deal_direct_policy)
            elif not registration and lead.deal_guard_id:
                unlocked(lead).deal_guard_id = False

    def _deal_is_watched(self, company):
        """Whether the opportunity names a company, and any partner has a live deal."""
        registrations = self.env["crm.deal.registration"].sudo()  # sudo: whether there is one
        return bool(self.partner_name or self.partner_id) and bool(
            registrations.search_count(registrations._live_domain(company.id), limit=1)
        )

    def _deal_registered(self, company):
        """Return the live approved registration of the opportunity's company."""
        matcher = self.env["crm.deal.matcher"]
        found = matcher._find_registrations(self._deal_subject(company))
        ids = [match.res_id for match in found if match.certain]
        # sudo: as above
        return self.env["crm.deal.registration"].sudo().browse(ids)[:1]

    def _deal_subject(self, company):
        matcher = self.env["crm.deal.matcher"]
        partner = self.partner_id.commercial_partner_id
        if partner:
            return matcher._subject(partner._deal_match_values(), company)
        from .crm_deal_matcher import Subject

        record = self._deal_match_record()
        return Subject(record, matcher._identities(record), company.id)

    def _deal_apply_policy(self, registration, policy):
        until = registration.protected_until or self.env._("the end of its review")
        message = self.env._(
            "A partner has registered this customer (%(name)s, protected until %(until)s). Talk to"
            " the channel manager.",
            name=registration.name,
            until=until,
        )
        if policy == "block":
            raise UserError(message)
        lead = unlocked(self)
        if policy == "partner" and registration.state != "review":
            lead.write(unlocked(registration)._prepare_partner_led_vals())
            message = self.env._(
                "This customer is registered (%s): the opportunity is led by the partner.",
                registration.name,
            )
        else:
            lead.deal_guard_id = registration
        lead.message_post(body=message)
        self.env.user._bus_send("simple_notification", {"type": "warning", "message": message})

    # --- won and lost ---

    def _deal_follow(self):
        """A registered deal is won or lost with its opportunity."""
        for lead in unlocked(self).filtered("deal_registration_id"):
            registration = lead.deal_registration_id
            if registration.lead_id != lead:
                continue
            if lead.won_status == "won":
                registration._win("partner")
            elif lead.won_status == "lost":
                registration._lose(lead.lost_reason_id.name)
