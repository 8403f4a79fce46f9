from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..engine.distribution import Need, covers


class ResPartner(models.Model):
    _inherit = "res.partner"

    channel_grade_id = fields.Many2one(
        "res.partner.grade",
        "Programme Level",
        compute="_compute_channel_grade",
        help="Level of the company this contact belongs to.",
    )

    @api.depends("commercial_partner_id.grade_id")
    def _compute_channel_grade(self):
        for partner in self:
            partner.channel_grade_id = partner.commercial_partner_id.grade_id

    # --- leads: coverage, competence, capacity ---
    channel_coverage_ids = fields.One2many(
        "crm.partner.coverage",
        "partner_id",
        "Coverage",
        help="Where the partner sells. Empty: everywhere.",
    )
    channel_category_ids = fields.Many2many(
        "product.category",
        "crm_partner_category_rel",
        "partner_id",
        "category_id",
        "Competent for",
        help="Product categories, with all below them. Empty: all products.",
    )
    channel_lead_capacity = fields.Integer(
        "Open Leads at most",
        default=20,
        help="Leads offered or accepted and not yet closed; 0: no limit.",
    )
    channel_lead_paused = fields.Boolean(
        "No Leads for Now", help="Passed over in the distribution of leads; may not claim either."
    )
    channel_last_lead_at = fields.Datetime("Last Lead", readonly=True, copy=False)
    channel_assignment_ids = fields.One2many("crm.lead.assignment", "partner_id", "Leads")
    channel_lead_count = fields.Integer("Lead Offers", compute="_compute_channel_lead_count")
    channel_lead_open = fields.Integer("Open Leads", compute="_compute_channel_lead_count")

    @api.depends("channel_assignment_ids.state")
    def _compute_channel_lead_count(self):
        counted = {}
        assignments = self.env["crm.lead.assignment"]
        if assignments.has_access("read"):
            counted = {
                (partner, state): count
                for partner, state, count in assignments._read_group(
                    [("partner_id", "in", self.ids)], ["partner_id", "state"], ["__count"]
                )
            }
        for partner in self:
            states = {state: n for (owner, state), n in counted.items() if owner == partner}
            partner.channel_lead_count = sum(states.values())
            partner.channel_lead_open = states.get("offered", 0) + states.get("accepted", 0)

    @api.constrains("channel_lead_capacity")
    def _check_channel_lead_capacity(self):
        if any(partner.channel_lead_capacity < 0 for partner in self):
            raise ValidationError(self.env._("The number of open leads must not be negative."))

    def _channel_covers(self, country, state=None, postcode=None, city=None):
        """Whether a place lies in what this partner covers; no coverage at all is everywhere.

        :param country: ``res.country``
        :param state: ``res.country.state``
        """
        self.ensure_one()
        need = Need(country.id or None, state.id if state else None, postcode or "", city or "")
        return covers(self.channel_coverage_ids._areas(), need)

    def _channel_salespeople(self):
        """Return the contacts (superuser) of this company who work on leads in the portal."""
        self.ensure_one()
        # sudo: users of the partner; only their addresses are used
        users = (
            self.env["res.users"]
            .sudo()
            .search(
                [
                    ("partner_id", "child_of", self.id),
                    ("all_group_ids", "in", self.env.ref("crm_partner.group_portal_sales").id),
                ]
            )
        )
        return users.partner_id

    def action_channel_leads(self):
        """Open the leads offered to this partner."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_partner.crm_lead_assignment_action"
        )
        return action | {
            "domain": [("partner_id", "=", self.id)],
            "context": {"create": False},
        }
