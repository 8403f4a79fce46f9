from odoo import api, fields, models
from odoo.exceptions import LockError, UserError
from odoo.fields import Domain

from ..tools import unlocked


class CrmLead(models.Model):
    _inherit = "crm.lead"

    # --- leads: distribution to channel partners ---
    channel_partner_id = fields.Many2one(
        "res.partner",
        index="btree_not_null",
        tracking=True,
        copy=False,
        domain="[('grade_id', '!=', False)]",
        help="The partner that works on this lead.",
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

    @api.model
    def _channel_states(self):
        return self.env["crm.lead.assignment"]._fields["state"]._description_selection(self.env)

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

    def write(self, vals):
        result = super().write(vals)
        self._channel_follow(vals)
        return result

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
