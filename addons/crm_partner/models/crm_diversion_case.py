from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import AccessError, ConcurrencyError, UserError
from odoo.tools import html2plaintext

from ..tools import is_unlocked, unlocked

OFFENCES = ("confirmed", "penalised")


class CrmDiversionCase(models.Model):
    """A lot that was delivered to a partner was sold outside the partner's territory."""

    _name = "crm.diversion.case"
    _description = "Diversion Case"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"

    name = fields.Char("Number", required=True, readonly=True, copy=False, default="/")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(
        "res.partner", required=True, readonly=True, index=True, ondelete="restrict"
    )
    lot_id = fields.Many2one(
        "stock.lot",
        "Serial/Lot Number",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    product_id = fields.Many2one(related="lot_id.product_id", store=True, index=True)
    user_id = fields.Many2one("res.users", "Channel Manager", tracking=True, index="btree_not_null")
    state = fields.Selection(
        [
            ("open", "Open"),
            ("confirmed", "Confirmed"),
            ("penalised", "Penalised"),
            ("dismissed", "Dismissed"),
        ],
        required=True,
        readonly=True,
        default="open",
        tracking=True,
        index=True,
        group_expand=True,
    )
    delivery_line_id = fields.Many2one("stock.move.line", readonly=True)
    picking_id = fields.Many2one(
        related="delivery_line_id.picking_id", string="Delivery", store=True
    )
    sale_order_id = fields.Many2one(related="picking_id.sale_id", string="Sales Order", store=True)
    delivery_date = fields.Date("Delivered on", readonly=True)
    sighting_ids = fields.One2many("crm.lot.sighting", "case_id", "Evidence", readonly=True)
    sighting_count = fields.Integer(compute="_compute_sightings", store=True)
    first_seen = fields.Date(compute="_compute_sightings", store=True)
    place = fields.Char("Seen in", compute="_compute_sightings", store=True)
    offence_count = fields.Integer(
        "Earlier Offences",
        compute="_compute_offence_count",
        help="Confirmed and penalised cases of the same partner before this one.",
    )
    note = fields.Html("Findings", sanitize=True)
    penalty = fields.Monetary(help="What was agreed with the partner; not posted by this case.")
    penalty_note = fields.Char("Agreed With the Partner")
    decided_by_id = fields.Many2one("res.users", "Decided by", readonly=True)
    decided_on = fields.Datetime("Decided on", readonly=True)

    # Two scans at once end in one case.
    _lot_partner_uniq = models.UniqueIndex(
        "(lot_id, partner_id) WHERE state != 'dismissed'",
        "There is a case about this number and this partner already.",
    )
    _penalty_positive = models.Constraint(
        "CHECK (penalty >= 0)", "The penalty must not be negative."
    )

    # ------------------------------------------------------------------

    @api.depends("sighting_ids", "sighting_ids.date", "sighting_ids.active")
    def _compute_sightings(self):
        for case in self:
            seen = case.sighting_ids.sorted("date")
            case.sighting_count = len(seen)
            case.first_seen = seen[:1].date
            case.place = "; ".join(dict.fromkeys(one._place() for one in seen)) or False

    @api.depends("partner_id", "state")
    def _compute_offence_count(self):
        earlier = {}
        for partner, ids in self.env["crm.diversion.case"]._read_group(
            [("partner_id", "in", self.partner_id.ids), ("state", "in", OFFENCES)],
            ["partner_id"],
            ["id:array_agg"],
        ):
            earlier[partner] = ids
        for case in self:
            own = case._origin.id or float("inf")
            case.offence_count = sum(one < own for one in earlier.get(case.partner_id, ()))

    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Number the cases that sightings raise.

        :raise AccessError: it is entered by hand
        """
        if not is_unlocked(self.env):
            raise AccessError(self.env._("Cases are raised by sightings. Enter a sighting."))
        for vals in vals_list:
            vals["name"] = self.env["ir.sequence"].next_by_code("crm.diversion.case") or "/"
        return super().create(vals_list)

    def write(self, vals):
        """Keep decision, partner and serial number as the buttons and the sightings left them.

        :raise AccessError: one of them would change by hand
        """
        guarded = {"state", "decided_by_id", "decided_on", "partner_id", "lot_id"}
        if guarded & set(vals) and not is_unlocked(self.env):
            raise AccessError(self.env._("Use the buttons of the case to decide it."))
        return super().write(vals)

    # ------------------------------------------------------------------
    # Raised by sightings
    # ------------------------------------------------------------------

    @api.model
    def _raise_for(self, sighting):
        """Put a sighting outside the territory into the case it belongs to, a new one if needed.

        The same sighting never makes a second case, nor does another one at a place that was
        dismissed before.

        :param sighting: ``crm.lot.sighting`` (superuser) with the verdict ``outside``
        """
        if sighting.case_id.partner_id == sighting.partner_id:
            return
        # One after the other per partner: whoever comes second sees the case of the first.
        sighting.partner_id._channel_serialize()
        case = self._find_for(sighting) or self._create_for(sighting)
        sighting.case_id = case
        case._message_log(
            body=self.env._(
                "Seen on %(date)s in %(place)s (%(how)s).",
                date=sighting.date,
                place=sighting._place(),
                how=dict(sighting._fields["source"]._description_selection(self.env))[
                    sighting.source
                ],
            )
        )

    @api.model
    def _find_for(self, sighting):
        cases = unlocked(self).search(
            [("lot_id", "=", sighting.lot_id.id), ("partner_id", "=", sighting.partner_id.id)]
        )
        current = cases.filtered(lambda case: case.state != "dismissed")
        return (
            current
            or cases.filtered(lambda case: any(map(sighting._same_place, case.sighting_ids)))[:1]
        )

    @api.model
    def _create_for(self, sighting):
        vals = self._prepare_case_vals(sighting)
        try:
            with self.env.cr.savepoint():
                case = unlocked(self).create(vals)
                case.flush_recordset()
        except UniqueViolation as error:
            raise ConcurrencyError(str(error)) from error
        if case.user_id:
            case.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=case.user_id.id,
                summary=self.env._("Find out how %s got there", sighting.lot_id.name),
            )
        return case

    @api.model
    def _prepare_case_vals(self, sighting):
        """Return the values of the case that a sighting outside the territory raises."""
        line = sighting.delivery_line_id
        return {
            "company_id": (line.company_id or sighting.company_id).id,
            "partner_id": sighting.partner_id.id,
            "lot_id": sighting.lot_id.id,
            "delivery_line_id": line.id,
            "delivery_date": sighting.delivery_date,
            "user_id": self._channel_manager(sighting.partner_id).id,
        }

    @api.model
    def _channel_manager(self, partner):
        """Return who looks after ``partner``: its salesperson, if that is a channel manager."""
        user = partner.user_id
        fits = user and user.has_group("crm_partner.group_partner_user")
        return user if fits else user.browse()

    def _dismiss_without_evidence(self):
        """Dismiss open cases of which the last sighting was withdrawn or turned out harmless."""
        cases = unlocked(self)
        cases.invalidate_recordset(["sighting_ids"])
        for case in cases.filtered(lambda one: one.state == "open" and not one.sighting_ids):
            case._decide("dismissed", self.env._("No evidence is left."))

    # ------------------------------------------------------------------
    # Decisions
    # ------------------------------------------------------------------

    def _decide(self, state, reason=None):
        cases = unlocked(self)
        cases.write(
            {
                "state": state,
                "decided_by_id": state != "open" and self.env.uid,
                "decided_on": state != "open" and fields.Datetime.now(),
            }
        )
        cases.activity_unlink(["mail.mail_activity_data_todo"])
        for case in cases if reason else ():
            case._message_log(body=reason)

    def _check_state(self, *states):
        self.check_access("write")
        wrong = self.filtered(lambda case: case.state not in states)
        if wrong:
            raise UserError(
                self.env._(
                    "%(cases)s cannot be decided so from the present state.",
                    cases=", ".join(wrong.mapped("name")),
                )
            )

    def action_confirm(self):
        """The partner did sell outside the territory."""
        self._check_state("open")
        self._decide("confirmed")

    def action_penalise(self):
        """Close a confirmed case with what was agreed."""
        self._check_state("confirmed")
        for case in self:
            if not case.penalty and not case.penalty_note:
                raise UserError(
                    self.env._("Enter the penalty of %s, or what was agreed.", case.name)
                )
        self._decide("penalised")

    def action_dismiss(self):
        """It was no offence; the findings say why."""
        self._check_state("open", "confirmed")
        for case in self:
            if not case._findings():
                raise UserError(self.env._("Write the findings of %s first.", case.name))
        self._decide("dismissed")

    def action_reopen(self):
        """Take a decision back."""
        self._check_state("confirmed", "penalised", "dismissed")
        for case in self.filtered(lambda one: one.state == "dismissed"):
            twin = self.search_count(
                [
                    ("lot_id", "=", case.lot_id.id),
                    ("partner_id", "=", case.partner_id.id),
                    ("state", "!=", "dismissed"),
                ],
                limit=1,
            )
            if twin:
                raise UserError(
                    self.env._("There is a newer case about %s. Go on there.", case.lot_id.name)
                )
        self._decide("open")

    def _findings(self):
        return html2plaintext(self.note or "").strip()

    def action_partner_cases(self):
        """Open the other cases of the same partner."""
        self.ensure_one()
        return self.partner_id.action_diversion_cases()
