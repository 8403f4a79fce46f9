from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..engine.diversion import Holder, Movement, holders, judge
from ..engine.portal_quantity import MAX_SERIALS, split_serials

REGISTRATIONS_AN_HOUR = 500
UNDO_DAYS = 7

# What decides; a change of one of these is judged anew.
EVIDENCE = {"lot_id", "date", "country_id", "state_id", "city", "end_customer", "active"}


class CrmLotSighting(models.Model):
    """A serial or lot number was seen somewhere: at a registration, a repair, a scan.

    It is compared with the territory of the partner it was delivered to (防窜货).
    """

    _name = "crm.lot.sighting"
    _description = "Sighting of a Serial Number"
    _order = "date desc, id desc"
    _rec_name = "lot_id"

    active = fields.Boolean(default=True)
    lot_id = fields.Many2one(
        "stock.lot", "Serial/Lot Number", required=True, index=True, ondelete="restrict"
    )
    product_id = fields.Many2one(related="lot_id.product_id", store=True, index=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    date = fields.Date("Seen on", required=True, default=fields.Date.context_today)
    source = fields.Selection(
        [
            ("registration", "Registered by a partner"),
            ("warranty", "Warranty or repair"),
            ("scan", "Scan"),
            ("manual", "Seen by us"),
        ],
        required=True,
        default="manual",
    )
    country_id = fields.Many2one(
        "res.country", required=True, default=lambda self: self.env.company.country_id
    )
    state_id = fields.Many2one(
        "res.country.state", "Province", domain="[('country_id', '=', country_id)]"
    )
    city = fields.Char()
    end_customer = fields.Char(help="Who has the product now, or where it was offered.")
    note = fields.Text()
    reporter_id = fields.Many2one(
        "res.users", "Reported by", readonly=True, default=lambda self: self.env.user
    )
    reporter_partner_id = fields.Many2one(
        "res.partner",
        "Reporting Partner",
        readonly=True,
        index="btree_not_null",
        help="The partner company whose colleague reported it in the portal.",
    )
    # --- verdict ---
    partner_id = fields.Many2one(
        "res.partner", "Delivered to", readonly=True, index="btree_not_null"
    )
    delivery_line_id = fields.Many2one("stock.move.line", readonly=True, index="btree_not_null")
    picking_id = fields.Many2one(related="delivery_line_id.picking_id", string="Delivery")
    delivery_date = fields.Date("Delivered on", readonly=True)
    result = fields.Selection(
        [
            ("inside", "In the territory"),
            ("outside", "Outside the territory"),
            ("excused", "Outside, with a reason"),
            ("several", "Several holders"),
            ("unknown", "Not decidable"),
        ],
        readonly=True,
        index=True,
    )
    reason = fields.Char(readonly=True)
    case_id = fields.Many2one(
        "crm.diversion.case", readonly=True, index="btree_not_null", ondelete="set null"
    )

    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Judge sightings at once: one outside the territory of the holder raises a case."""
        sightings = super().create(vals_list)
        sightings._judge()
        return sightings

    def write(self, vals):
        """Judge again what was corrected in the evidence; decided cases keep their decision."""
        result = super().write(vals)
        if EVIDENCE & set(vals):
            self._judge()
        return result

    def action_withdraw(self):
        """Take back what was reported by mistake; a case that rests on it alone is dismissed."""
        self.action_archive()

    def action_judge(self):
        """Compare with the territories as they are today; decided cases keep their decision."""
        self.check_access("write")
        self._judge()

    # ------------------------------------------------------------------
    # Registered by partners
    # ------------------------------------------------------------------

    @api.model
    def _registrations_of(self, partner, lots):
        """Return what ``partner`` registered, by lot (the newest of each)."""
        found = self.search(
            [
                ("reporter_partner_id", "=", partner.id),
                ("source", "=", "registration"),
                ("lot_id", "in", lots.ids),
            ],
            order="id",
        )
        return {sighting.lot_id: sighting for sighting in found}

    @api.model
    def _register_sale(self, partner, user, post):
        """Register to which end customer ``partner`` sold serial numbers.

        Called as superuser below the check of the role. The answer is the same whomever a number
        was delivered to; the same registration again changes nothing.

        :param dict post: ``serials`` (one a line), ``end_customer``, ``country_id``, ``state``,
            ``city`` and ``date`` as typed, untrusted
        :return: how many numbers are registered
        :raise UserError: for what has to be corrected; nothing is registered then
        """
        place = self._read_place(post)
        try:
            numbers = split_serials(post.get("serials"))
        except ValueError as error:
            raise UserError(
                self.env._("Enter between 1 and %s serial numbers, one a line.", MAX_SERIALS)
            ) from error
        partner._channel_serialize()
        self._check_registrations(partner, len(numbers))
        lots = self._find_lots(partner, numbers)
        known = self.search(
            [
                ("reporter_partner_id", "=", partner.id),
                ("source", "=", "registration"),
                ("lot_id", "in", lots.ids),
                *((name, "=", value) for name, value in place.items() if name != "date"),
            ]
        )
        common = {
            **place,
            "source": "registration",
            "company_id": (partner.company_id or self.env.company).id,
            "reporter_id": user.id,
            "reporter_partner_id": partner.id,
        }
        self.create([{"lot_id": lot.id, **common} for lot in lots - known.lot_id])
        return len(lots)

    @api.model
    def _read_place(self, post):
        texts = {
            name: " ".join((post.get(name) or "").split())[:120]
            for name in ("end_customer", "city", "state", "country_id", "date")
        }
        if not texts["end_customer"] or not texts["city"]:
            raise UserError(self.env._("Enter the end customer and the city."))
        number = texts["country_id"]
        country = self.env["res.country"].search(
            [("id", "=", int(number) if number.isdecimal() else 0)]
        )
        if not country:
            raise UserError(self.env._("Choose a country."))
        return {
            "end_customer": texts["end_customer"],
            "city": texts["city"],
            "country_id": country.id,
            "state_id": self._read_state(country, texts["state"]).id,
            "date": self._read_date(texts["date"]),
        }

    @api.model
    def _read_state(self, country, text):
        states = country.state_ids
        state = states.filtered(
            lambda one: text.casefold() in (one.name.casefold(), one.code.casefold())
        )[:1]
        if states and not state:
            raise UserError(
                self.env._(
                    "'%(text)s' is not a province of %(country)s. Choose one of the list.",
                    text=text,
                    country=country.name,
                )
            )
        return state

    @api.model
    def _read_date(self, text):
        today = fields.Date.context_today(self)
        try:
            day = fields.Date.to_date(text) if text else today
        except ValueError:
            day = None
        if not day or not today - timedelta(days=3660) <= day <= today:
            raise UserError(self.env._("Enter the day of the sale, not in the future."))
        return day

    @api.model
    def _check_registrations(self, partner, count):
        """Refuse more than REGISTRATIONS_AN_HOUR of one partner: nobody sells that many."""
        since = fields.Datetime.now() - timedelta(hours=1)
        done = self.with_context(active_test=False).search_count(
            [("reporter_partner_id", "=", partner.id), ("create_date", ">", since)]
        )
        if done + count > REGISTRATIONS_AN_HOUR:
            raise UserError(
                self.env._(
                    "At most %s serial numbers can be registered within an hour. Go on later.",
                    REGISTRATIONS_AN_HOUR,
                )
            )

    @api.model
    def _find_lots(self, partner, numbers):
        """Return the lots with these numbers; those ``partner`` got come first.

        :raise UserError: for a number nobody got, and for one that several products have
        """
        company = partner.company_id or self.env.company
        lots = self.env["stock.lot"].search(
            [("name", "in", numbers), ("company_id", "in", [False, company.id])]
        )
        own = (
            self.env["stock.move.line"]
            .search(lots._channel_delivery_domain(partner) & Domain("lot_id", "in", lots.ids))
            .lot_id
        )
        chosen = lots.browse()
        for number in numbers:
            named = lots.filtered(lambda lot, number=number: lot.name == number)
            named = (named & own) or named
            if not named:
                raise UserError(self.env._("%s is not a serial number of ours. Check it.", number))
            if len(named) > 1:
                raise UserError(
                    self.env._("Several products have the number %s. Ask your contact.", number)
                )
            chosen |= named
        return chosen

    def _withdraw_registration(self):
        """Take a registration of a partner back, within UNDO_DAYS.

        :raise UserError: if it is too late
        """
        self.ensure_one()
        if self.create_date < fields.Datetime.now() - timedelta(days=UNDO_DAYS):
            raise UserError(
                self.env._(
                    "A registration can be taken back within %s days. Ask your contact.", UNDO_DAYS
                )
            )
        self.action_archive()

    # ------------------------------------------------------------------
    # Verdict
    # ------------------------------------------------------------------

    def _judge(self):
        """Set the verdict of each sighting and raise, join or leave cases accordingly."""
        # sudo: deliveries are stock's; whoever may report need not see them
        sightings = self.sudo()
        for sighting in sightings.filtered("active"):
            sighting._judge_one()
        outside = sightings.filtered(lambda one: one.active and one.result == "outside")
        cases = (sightings - outside).case_id
        (sightings - outside).write({"case_id": False})
        cases._dismiss_without_evidence()
        for sighting in outside:
            self.env["crm.diversion.case"]._raise_for(sighting)

    def _judge_one(self):
        last_lines = self._holder_lines()
        candidates = [
            Holder(partner, self._covered_by(partner), bool(self._diversion_excuse(partner)))
            for partner in last_lines
        ]
        verdict, partner = judge(candidates)
        partner = partner or self.env["res.partner"]
        line = last_lines.get(partner, self.env["stock.move.line"])
        self.write(
            {
                "result": verdict,
                "partner_id": partner.id,
                "delivery_line_id": line.id,
                "delivery_date": line.date and line.date.date(),
                "reason": self._verdict_reason(verdict, partner, bool(candidates)),
            }
        )

    def _holder_lines(self):
        """Return the last delivery (move line) by company that held the lot when it was seen."""
        until = fields.Datetime.to_datetime(self.date) + timedelta(days=1)
        customer = Domain("location_id.usage", "=", "customer")
        lines = self.env["stock.move.line"].search(
            Domain("lot_id", "=", self.lot_id.id)
            & Domain("state", "=", "done")
            & Domain("date", "<", until)
            & (customer | Domain("location_dest_id.usage", "=", "customer")),
            order="date, id",
        )
        lines = lines.filtered(lambda line: line.location_id.usage != line.location_dest_id.usage)
        last, movements = {}, []
        for line in lines:
            partner = line.lot_id._channel_line_partner(line)
            delivered = line.location_dest_id.usage == "customer"
            quantity = Decimal(str(line.quantity_product_uom))
            movements.append(Movement(partner, quantity if delivered else -quantity))
            if delivered:
                last[partner] = line
        return {partner: last[partner] for partner in holders(movements) if partner in last}

    def _covered_by(self, partner):
        """Whether ``partner`` may sell at the place; None if the place is not known well enough.

        Whoever is in no programme has no territory and may sell anywhere.
        """
        if not partner.grade_id or partner._diversion_covers(
            self.country_id, self.state_id, self.city
        ):
            return True
        return None if self.country_id.state_ids and not self.state_id else False

    def _diversion_excuse(self, partner):
        """Return why ``partner`` may have sold this lot outside the territory, or False.

        A hook: an approved registration of a deal with this end customer is such a reason.

        :param partner: a company that held the lot (superuser)
        """
        return False

    def _verdict_reason(self, verdict, partner, held):
        place = self._place()
        if verdict == "inside":
            if not partner.grade_id:
                return self.env._("Delivered to %s, who has no territory.", partner.name)
            return self.env._(
                "%(place)s lies in what %(partner)s covers.", place=place, partner=partner.name
            )
        if verdict == "outside":
            return self.env._(
                "Delivered to %(partner)s, who does not cover %(place)s.",
                place=place,
                partner=partner.name,
            )
        if verdict == "excused":
            return self._diversion_excuse(partner)
        if verdict == "several":
            return self.env._("Several partners got parts of this lot; none covers %s.", place)
        if held:
            return self.env._("The province is missing.")
        return self.env._("Nobody had got this number from us by then.")

    def _place(self):
        """Return the place in words."""
        parts = self.country_id.name, self.state_id.name, self.city
        return " · ".join(part for part in parts if part)

    def _same_place(self, other):
        return (self.country_id, self.state_id, (self.city or "").casefold()) == (
            other.country_id,
            other.state_id,
            (other.city or "").casefold(),
        )

    @api.depends("lot_id", "date")
    def _compute_display_name(self):
        for sighting in self:
            sighting.display_name = f"{sighting.lot_id.name} · {sighting.date}"
