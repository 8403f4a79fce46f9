from odoo import api, fields, models
from odoo.exceptions import LockError, UserError
from odoo.fields import Domain

from odoo.addons.crm_approval.tools import empty_columns

from ..tools import is_unlocked, unlocked

#: whose change may bring an opportunity to a customer that a partner has registered
DEAL_SOURCES = frozenset(
    {"partner_id", "partner_name", "phone", "email_from", "website", "type", "city", "street"}
)
DEAL_OUTCOME = frozenset({"stage_id", "probability", "active", "lost_reason_id"})
DEAL_FIELDS = frozenset({"deal_registration_id", "deal_guard_id"})
#: whose change makes an opportunity one of direct sales, or no more
DEAL_DIRECT = DEAL_FIELDS | {"active", "company_id", "channel_partner_id"}


class CrmLead(models.Model):
    """Opportunities and the channel: whose registered deal it is, and to whom it was given."""

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
    channel_distribute = fields.Boolean(
        "For Partners",
        copy=False,
        tracking=True,
        help="The lead is distributed to channel partners by itself.",
    )
    channel_category_ids = fields.Many2many(
        "product.category",
        "crm_lead_channel_category_rel",
        "lead_id",
        "category_id",
        "Products Asked for",
        help="Only partners competent for all of them get the lead.",
    )
    channel_note = fields.Text(
        "Note for the Partner", help="Shown to the partner that has accepted the lead."
    )
    channel_assignment_ids = fields.One2many(
        "crm.lead.assignment", "lead_id", "Offers to Partners", copy=False
    )
    channel_assignment_count = fields.Integer(compute="_compute_channel_assignment_count")
    channel_state = fields.Selection(
        selection="_channel_states",
        string="With Partners",
        compute="_compute_channel_state",
        store=True,
        index="btree_not_null",
        help="What became of the last offer.",
    )
    channel_error = fields.Text("Why No Partner", readonly=True, copy=False)
    channel_retry_at = fields.Datetime(readonly=True, copy=False)

    @api.model_create_multi
    def create(self, vals_list):
        """Look whether a partner registered the customer first.

        :raise UserError: a registered deal is given by hand, or the company blocks direct sales on
            registered customers
        """
        self._deal_refuse_forged(vals_list)
        leads = super().create(vals_list)
        leads._deal_after_change()
        return leads

    def write(self, vals):
        """Have registered deals and what partners hold follow the lead, won or lost.

        :raise UserError: a registered deal is given by hand, or the company blocks direct sales on
            registered customers
        """
        self._deal_refuse_forged([vals])
        result = super().write(vals)
        self._deal_after_write(vals)
        self._channel_follow(vals)
        return result

    def unlink(self):
        """Forget the matching keys too, so that no registration meets a lead that is gone."""
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
        elif vals.keys() & DEAL_DIRECT:
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
                # sudo: a setting of the company
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

    @api.model
    def _channel_states(self):
        return self.env["crm.lead.assignment"]._fields["state"]._description_selection(self.env)

    def _auto_init(self):
        empty_columns(self, "channel_state")
        return super()._auto_init()

    @api.depends("channel_assignment_ids.state")
    def _compute_channel_state(self):
        for lead in self:
            last = lead.channel_assignment_ids.sorted("id")[-1:]
            lead.channel_state = last.state

    @api.depends("channel_assignment_ids")
    def _compute_channel_assignment_count(self):
        counted = dict(
            self.env["crm.lead.assignment"]._read_group(
                [("lead_id", "in", self.ids)], ["lead_id"], ["__count"]
            )
        )
        for lead in self:
            lead.channel_assignment_count = counted.get(lead, 0)

    def _channel_follow(self, vals):
        """Close what partners hold of leads that were just won or lost by us."""
        if self.env.context.get("channel_closing") or not (
            {"stage_id", "active", "probability"} & set(vals)
        ):
            return
        # sudo: what a partner holds goes with the lead, whoever closes it
        held = self.env["crm.lead.assignment"].sudo()
        live = held.search(
            Domain("lead_id", "in", self.ids)
            & Domain("state", "in", ("pool", "offered", "accepted"))
        )
        for assignment in unlocked(live):
            lead = assignment.lead_id
            if lead.won_status == "pending":
                continue
            if assignment.state != "accepted":
                assignment._close("withdrawn", {"withdraw_reason": self.env._("Lead closed.")})
            elif lead.won_status == "won":
                assignment._close("converted", {"amount": lead.expected_revenue})
            else:
                assignment._close("lost", {"lost_reason_id": lead.lost_reason_id.id})

    def _merge_dependences(self, opportunities):
        """Keep the offers of merged leads; of those that are open only ours stays."""
        result = super()._merge_dependences(opportunities)
        # sudo: the history of a lead goes with it, whoever merges
        moved = unlocked(opportunities.sudo().channel_assignment_ids)
        # sudo: as above
        own = self.sudo().channel_assignment_ids.filtered("is_live")
        for assignment in moved.sorted("id"):
            if assignment.is_live and own:
                assignment._close("withdrawn", {"withdraw_reason": self.env._("Leads merged.")})
            elif assignment.is_live:
                own = assignment
        moved.write({"lead_id": self.id})
        if own.state == "accepted":
            self.channel_partner_id = own.partner_id
        return result

    def _channel_is_open(self):
        """Whether there is anything left to do for a partner."""
        self.ensure_one()
        return bool(self.active and self.won_status == "pending")

    def _channel_all_had_it(self, grades):
        """Whether each partner of these levels has had the lead."""
        self.ensure_one()
        had = self.channel_assignment_ids.partner_id
        return not self.env["res.partner"].search_count(
            [("grade_id", "in", grades.ids), ("id", "not in", had.ids)], limit=1
        )

    def _channel_lock(self):
        """Lock a lead that is about to be offered.

        :raise UserError: if somebody else is doing so, it has an offer, or is closed
        """
        self.ensure_one()
        try:
            self.lock_for_update()
        except LockError as error:
            raise UserError(
                self.env._("Somebody is giving the lead %s to a partner right now.", self.name)
            ) from error
        if not self._channel_is_open():
            raise UserError(self.env._("The lead %s is closed already.", self.name))
        if self.channel_partner_id:
            # it came by a registered deal, for example
            raise UserError(
                self.env._(
                    "The lead %(lead)s belongs to the partner %(partner)s.",
                    lead=self.name,
                    partner=self.channel_partner_id.name,
                )
            )
        live = self.channel_assignment_ids.filtered("is_live")
        if live:
            raise UserError(
                self.env._(
                    "The lead %(lead)s is offered already: %(offer)s. Withdraw it first.",
                    lead=self.name,
                    offer=live[0].partner_id.name or live[0].reference,
                )
            )

    def _channel_won(self, amount):
        """Win the lead with what the partner reports, in company currency before taxes."""
        self.ensure_one()
        if self.type == "lead":
            self.convert_opportunity(self.partner_id)
        self.expected_revenue = amount
        self.action_set_won()

    def action_channel_offer(self):
        """Open the choice of the partner: suggested with reasons, by hand, or the pool."""
        self.env["crm.lead.distributor"]._check_manager()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Give to a Partner"),
            "res_model": "crm.lead.offer",
            "view_mode": "form",
            "target": "new",
            "context": {"default_lead_ids": self.ids},
        }

    def action_channel_assignments(self):
        """Open the offers of this lead."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_partner.crm_lead_assignment_action"
        )
        return action | {
            "domain": [("lead_id", "in", self.ids)],
            "context": {"create": False},
        }
