from datetime import datetime, time, timedelta
from math import isfinite

import pytz

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL, format_datetime

from ..engine.route import haversine, shortest_way

#: what only checking in and out writes
GUARDED = frozenset(
    {
        "state",
        *(
            f"check_{way}{name}"
            for way in ("in", "out")
            for name in ("", "_latitude", "_longitude", "_accuracy", "_distance", "_reason")
        ),
    }
)


class CrmVisit(models.Model):
    """A visit at a customer: planned, checked in and out with the position, reported."""

    _name = "crm.visit"
    _description = "Customer Visit"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "day desc, sequence, date_planned, id"
    _check_company_auto = True

    name = fields.Char("Purpose", required=True, default=lambda self: self.env._("Visit"))
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, check_company=True
    )
    lead_id = fields.Many2one(
        "crm.lead",
        string="Lead or Opportunity",
        index="btree_not_null",
        check_company=True,
        ondelete="set null",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Salesperson",
        required=True,
        index=True,
        tracking=True,
        default=lambda self: self.env.user,
        domain="[('share', '=', False)]",
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    date_planned = fields.Datetime(
        "Planned for", required=True, tracking=True, default=lambda self: self._default_planned()
    )
    date_end = fields.Datetime("Planned until", compute="_compute_date_end", store=True)
    duration = fields.Float("Planned Hours", default=1.0)
    day = fields.Date(compute="_compute_day", store=True, index=True)
    sequence = fields.Integer(default=100, help="The position on the route of the day.")
    leg_km = fields.Float("Way (km)", digits=(16, 1), readonly=True, help="From the stop before.")
    state = fields.Selection(
        [
            ("planned", "Planned"),
            ("ongoing", "Checked In"),
            ("done", "Done"),
            ("cancel", "Cancelled"),
        ],
        required=True,
        default="planned",
        readonly=True,
        copy=False,
        tracking=True,
        group_expand=True,
    )
    report = fields.Html(help="What was talked about, and what came out.")
    photo_ids = fields.Many2many("ir.attachment", string="Photos", copy=False)
    next_step = fields.Char(help="Becomes an activity on the customer or lead at the check-out.")
    next_date = fields.Date("Next Step on")
    next_activity_id = fields.Many2one("mail.activity", readonly=True, copy=False)

    check_in = fields.Datetime(readonly=True, copy=False)
    check_in_latitude = fields.Float(digits=(10, 7), readonly=True, copy=False)
    check_in_longitude = fields.Float(digits=(10, 7), readonly=True, copy=False)
    check_in_accuracy = fields.Float("Accuracy (m)", digits=(16, 0), readonly=True, copy=False)
    check_in_distance = fields.Float(
        "Distance at Check-In (m)",
        digits=(16, 0),
        readonly=True,
        copy=False,
        aggregator="avg",
        help="From the address of the customer; -1: not known.",
    )
    check_in_reason = fields.Char("Checked In without Position because", readonly=True, copy=False)
    check_out = fields.Datetime(readonly=True, copy=False)
    check_out_latitude = fields.Float(digits=(10, 7), readonly=True, copy=False)
    check_out_longitude = fields.Float(digits=(10, 7), readonly=True, copy=False)
    check_out_accuracy = fields.Float(digits=(16, 0), readonly=True, copy=False)
    check_out_distance = fields.Float(
        "Distance at Check-Out (m)", digits=(16, 0), readonly=True, copy=False, aggregator="avg"
    )
    check_out_reason = fields.Char(
        "Checked Out without Position because", readonly=True, copy=False
    )
    minutes = fields.Integer(
        "Minutes on Site", compute="_compute_minutes", store=True, aggregator="avg"
    )
    is_far = fields.Boolean(
        "Far from the Address", compute="_compute_flags", store=True, help="Beyond the radius."
    )
    is_unlocated = fields.Boolean("Without Position", compute="_compute_flags", store=True)
    warning = fields.Char(compute="_compute_warning")
    is_mine = fields.Boolean(compute="_compute_is_mine")
    has_position = fields.Boolean("Address Located", compute="_compute_has_position")
    navigation = fields.Char(compute="_compute_has_position")
    color = fields.Integer(compute="_compute_color")

    _one_at_a_time = models.UniqueIndex(
        "(user_id) WHERE state = 'ongoing'",
        "You are checked in somewhere else. Check out there first.",
    )
    _duration_positive = models.Constraint(
        "CHECK (duration > 0)", "A visit takes more than no time."
    )

    # ------------------------------------------------------------------
    # Defaults, computes

    def _default_planned(self):
        return fields.Datetime.now().replace(minute=0, second=0) + timedelta(hours=1)

    @api.depends("date_planned", "duration")
    def _compute_date_end(self):
        for visit in self:
            visit.date_end = visit.date_planned and visit.date_planned + timedelta(
                hours=visit.duration
            )

    @api.depends("date_planned", "user_id")
    def _compute_day(self):
        for visit in self:
            moment = visit.date_planned
            zone = pytz.timezone(visit.user_id.tz or "UTC")
            visit.day = moment and pytz.utc.localize(moment).astimezone(zone).date()

    @api.depends("check_in", "check_out")
    def _compute_minutes(self):
        for visit in self:
            span = visit.check_out and visit.check_out - visit.check_in
            visit.minutes = span and round(span.total_seconds() / 60)

    @api.depends("check_in_distance", "check_in_reason", "check_out_reason")
    def _compute_flags(self):
        for visit in self:
            radius = visit.company_id.visit_radius
            visit.is_far = bool(radius) and visit.check_in_distance > radius
            visit.is_unlocated = bool(visit.check_in_reason or visit.check_out_reason)

    @api.depends("is_far", "is_unlocated", "state", "check_in_distance")
    @api.depends_context("lang")
    def _compute_warning(self):
        for visit in self:
            visit.warning = visit._warning_text()

    def _warning_text(self):
        if self.check_in_reason:
            return self.env._("Checked in without a position: %s", self.check_in_reason)
        if self.is_far:
            return self.env._(
                "Checked in %(distance)s m from the customer's address; up to %(radius)s m are "
                "expected.",
                distance=round(self.check_in_distance),
                radius=self.company_id.visit_radius,
            )
        return False

    @api.depends("user_id")
    @api.depends_context("uid")
    def _compute_is_mine(self):
        for visit in self:
            visit.is_mine = visit.user_id == self.env.user

    @api.depends("partner_id.partner_latitude", "partner_id.partner_longitude")
    def _compute_has_position(self):
        for visit in self:
            place = visit._place()
            visit.has_position = bool(place)
            # geo: opens the map that the phone prefers (RFC 5870)
            visit.navigation = place and f"geo:{place[0]},{place[1]}"

    @api.depends("state", "is_far", "is_unlocated")
    def _compute_color(self):
        colors = {"planned": 4, "ongoing": 3, "done": 10, "cancel": 0}
        for visit in self:
            visit.color = 1 if visit.is_far or visit.is_unlocated else colors.get(visit.state, 0)

    @api.depends("name", "partner_id")
    def _compute_display_name(self):
        for visit in self:
            visit.display_name = f"{visit.partner_id.display_name}: {visit.name}"

    @api.constrains("lead_id", "partner_id")
    def _check_lead(self):
        for visit in self:
            customer = visit.lead_id.partner_id.commercial_partner_id
            if customer and customer != visit.partner_id.commercial_partner_id:
                raise ValidationError(
                    self.env._(
                        "%(lead)s belongs to another customer than %(partner)s.",
                        lead=visit.lead_id.display_name,
                        partner=visit.partner_id.display_name,
                    )
                )

    @api.onchange("lead_id")
    def _onchange_lead_id(self):
        if self.lead_id.partner_id and not self.partner_id:
            self.partner_id = self.lead_id.partner_id

    # ------------------------------------------------------------------
    # Create, write, unlink

    @api.model_create_multi
    def create(self, vals_list):
        """Plan visits; check-in, check-out and places are facts that only the buttons write.

        :raises AccessError: such a fact is given
        """
        for vals in vals_list:
            self._check_guarded(
                {name for name in vals if vals[name] and (name, vals[name]) != ("state", "planned")}
            )
        visits = super().create(vals_list)
        visits._adopt_photos()
        return visits

    def write(self, vals):
        """Change a visit; once it has begun, it stays with its salesperson and its customer.

        :raises UserError: for that
        :raises AccessError: for what only check-in and check-out write
        """
        self._check_guarded(vals.keys())
        if "user_id" in vals or "partner_id" in vals:
            begun = self.filtered("check_in")[:1]
            if begun and not self.env.su:
                raise UserError(
                    self.env._(
                        "%s has begun: its salesperson and customer stay as they are.",
                        begun.display_name,
                    )
                )
        result = super().write(vals)
        if "photo_ids" in vals:
            self._adopt_photos()
        return result

    def _adopt_photos(self):
        """Photos just uploaded belong to the visit, so that whoever sees it sees them."""
        for visit in self:
            # sudo: only the user's own uploads that belong to nothing yet
            visit.photo_ids.sudo().filtered(
                lambda photo: not photo.res_id and photo.create_uid == self.env.user
            ).write({"res_model": self._name, "res_id": visit.id})

    def _check_guarded(self, names):
        """Positions and times are taken by the server; nobody types them in, nor changes them."""
        if not self.env.su and not GUARDED.isdisjoint(names):
            raise AccessError(
                self.env._("Checking in and out is done with the buttons, and stays as it was.")
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_begun(self):
        begun = self.filtered("check_in")[:1]
        if begun:
            raise UserError(self.env._("%s took place and cannot be deleted.", begun.display_name))

    # ------------------------------------------------------------------
    # Checking in and out

    def check_position_in(self, latitude, longitude, accuracy=0.0):
        """Check in at a position in degrees, accuracy in metres; the time is the server's.

        :return: the distance in metres, the warning if there is one
        :raise AccessError: for the visit of somebody else
        :raise UserError: when the visit has begun, or another one has not ended
        """
        return self._check("in", latitude, longitude, accuracy)

    def check_position_out(self, latitude, longitude, accuracy=0.0):
        """Check out at a position, and plan the next step."""
        return self._check("out", latitude, longitude, accuracy)

    def check_in_without_position(self, reason):
        """Check in when the position cannot be read; the visit is marked and says why."""
        return self._check_without("in", reason)

    def check_out_without_position(self, reason):
        """Check out when the position cannot be read; the visit is marked and says why."""
        return self._check_without("out", reason)

    def _check(self, way, latitude, longitude, accuracy):
        self._check_may_change(way)
        position = self._valid_position(latitude, longitude)
        place = self._place()
        distance = haversine(position, place) if place else -1
        return self._write_check(
            way,
            {
                f"check_{way}_latitude": position[0],
                f"check_{way}_longitude": position[1],
                f"check_{way}_accuracy": max(float(accuracy or 0), 0.0),
                f"check_{way}_distance": distance,
            },
        )

    def _check_without(self, way, reason):
        self._check_may_change(way)
        if not isinstance(reason, str) or not reason.strip():
            raise UserError(
                self.env._("Say why there is no position: your manager sees the reason.")
            )
        return self._write_check(
            way, {f"check_{way}_reason": reason.strip(), f"check_{way}_distance": -1}
        )

    def _check_may_change(self, way):
        """Lock the visit and raise unless its salesperson may check in or out now."""
        self.ensure_one()
        self.check_access("write")
        if self.user_id != self.env.user:
            raise AccessError(
                self.env._(
                    "This is a visit of %s. Everybody checks in at their own visits.",
                    # sudo: the name of the colleague on a visit that the user may change
                    self.user_id.sudo().name,
                )
            )
        self.env.execute_query(SQL("SELECT id FROM crm_visit WHERE id = %s FOR UPDATE", self.id))
        self.invalidate_recordset(["state"])
        expected = {"in": "planned", "out": "ongoing"}[way]
        if self.state != expected:
            raise UserError(self._wrong_state(way))
        if way == "in":
            self._check_elsewhere()

    def _wrong_state(self, way):
        if way == "in" and self.check_in:
            moment = format_datetime(self.env, self.check_in)
            return self.env._("You checked in on %s already.", moment)
        if way == "out" and not self.check_in:
            return self.env._("Check in first.")
        return self.env._("This visit is closed.")

    def _check_elsewhere(self):
        other = self.search([("user_id", "=", self.env.uid), ("state", "=", "ongoing")], limit=1)
        if other:
            raise UserError(
                self.env._("You are still checked in at %s. Check out there first.",
                           other.partner_id.display_name)
            )  # fmt: skip

    def _write_check(self, way, vals):
        now = fields.Datetime.now()
        state = {"in": "ongoing", "out": "done"}[way]
        # sudo: checked above; guarded fields
        self.sudo().write({f"check_{way}": now, "state": state, **vals})
        if way == "in":
            self.lead_id._sla_check_responses()
        else:
            self._plan_next_step()
        return {"distance": round(vals[f"check_{way}_distance"]), "warning": self.warning or ""}

    @api.model
    def _valid_position(self, latitude, longitude):
        """Return a pair of floats in degrees, or raise."""
        try:
            position = float(latitude), float(longitude)
        except (TypeError, ValueError):
            position = (None, None)
        if (
            None in position
            or not all(map(isfinite, position))
            or (abs(position[0]) > 90 or abs(position[1]) > 180)
        ):
            raise UserError(
                self.env._("The browser gave no usable position. Try again, or give a reason.")
            )
        return position

    def _place(self):
        """Return the position of the customer's address, if it is known."""
        for partner in self.partner_id, self.partner_id.commercial_partner_id:
            if partner.partner_latitude or partner.partner_longitude:
                return partner.partner_latitude, partner.partner_longitude
        return None

    def _plan_next_step(self):
        """Turn what was agreed into an activity of the salesperson."""
        self.ensure_one()
        if not self.next_step or self.next_activity_id:
            return
        record = self.lead_id or self.partner_id
        activity = record.activity_schedule(
            "mail.mail_activity_data_todo",
            self.next_date or fields.Date.context_today(self) + timedelta(days=7),
            summary=self.next_step,
            user_id=self.user_id.id,
        )
        self.next_activity_id = activity

    # ------------------------------------------------------------------
    # Actions

    def action_cancel(self):
        """Cancel visits that have not begun."""
        self.check_access("write")
        for visit in self:
            if visit.state != "planned":
                raise UserError(
                    self.env._("%s has begun and cannot be cancelled.", visit.display_name)
                )
        self.sudo().state = "cancel"  # sudo: checked above; guarded field

    def action_plan_again(self):
        """Bring cancelled visits back."""
        self.check_access("write")
        cancelled = self.filtered(lambda visit: visit.state == "cancel")
        cancelled.sudo().state = "planned"  # sudo: checked above; guarded field

    def action_locate_customer(self):
        """Take the position of the check-in as that of the customer's address."""
        self.ensure_one()
        if not self.check_in or self.check_in_reason:
            raise UserError(self.env._("There is no position of a check-in to take over."))
        self.partner_id.write(
            {
                "partner_latitude": self.check_in_latitude,
                "partner_longitude": self.check_in_longitude,
            }
        )
        # sudo: the distance is part of what the check-in wrote
        self.sudo().check_in_distance = 0.0

    def action_open_photos(self):
        """Open the photos of the visit."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Photos"),
            "res_model": "ir.attachment",
            "view_mode": "kanban,list",
            "domain": [("id", "in", self.photo_ids.ids)],
        }

    @api.model
    def action_plan_route(self, day=None):
        """Put the user's planned visits of a day, today, into the order of a short way."""
        day = fields.Date.to_date(day) or fields.Date.context_today(self)
        visits = self.search(
            [("user_id", "=", self.env.uid), ("day", "=", day), ("state", "=", "planned")],
            order="date_planned, id",
        )
        visits._route(visits._start())
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("crm_sales.crm_visit_action_route"),
            "domain": [("user_id", "=", self.env.uid), ("day", "=", day)],
        }

    @api.model
    def _start(self):
        """Return where the user is or starts: last check of today, own start, the company."""
        midnight = datetime.combine(fields.Date.context_today(self), time.min)
        last = self.search(
            [
                ("user_id", "=", self.env.uid),
                ("check_in", ">=", self._to_utc(midnight)),
                ("check_in_reason", "=", False),
            ],
            order="check_in desc",
            limit=1,
        )
        if last:
            return last.check_in_latitude, last.check_in_longitude
        for partner in self.env.user.visit_start_partner_id, self.env.company.partner_id:
            if partner.partner_latitude or partner.partner_longitude:
                return partner.partner_latitude, partner.partner_longitude
        return None

    @api.model
    def _to_utc(self, moment):
        return self.env.tz.localize(moment).astimezone(pytz.utc).replace(tzinfo=None)

    def _route(self, start):
        """Number these visits along a short way from ``start``; those without a place come last."""
        located = self.filtered(lambda visit: visit._place())
        places = [visit._place() for visit in located]
        if not start and places:
            start = places[0]
        here = start
        for number, position in enumerate(shortest_way(start, places) if places else (), 1):
            visit, place = located[position], places[position]
            visit.write({"sequence": number, "leg_km": haversine(here, place) / 1000})
            here = place
        for number, visit in enumerate(self - located, len(located) + 1):
            visit.write({"sequence": number, "leg_km": 0})
