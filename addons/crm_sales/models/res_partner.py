from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine.route import EARTH, box

NEAR = 50  # customers on a phone


class ResPartner(models.Model):
    """Customers: what they owe, who owns them or which pool, when they were visited."""

    _name = "res.partner"
    _inherit = ["res.partner", "crm.pool.mixin"]

    # --- collections ---
    crm_no_dunning = fields.Boolean(
        "No Dunning Letters", help="Nobody sends this customer a reminder."
    )
    crm_receivable_amount = fields.Monetary(
        "My Receivables",
        compute="_compute_crm_receivable_amount",
        compute_sudo=False,
        groups="sales_team.group_sale_salesman,account.group_account_invoice",
    )
    # --- public pool ---

    _pool_link = "partner_id"

    ownership_ids = fields.One2many(
        "crm.pool.ownership",
        "partner_id",
        readonly=True,
        groups="sales_team.group_sale_salesman",
    )

    # --- visits ---

    visit_ids = fields.One2many(
        "crm.visit", "partner_id", string="Visits", groups="sales_team.group_sale_salesman"
    )
    visit_count = fields.Integer(
        compute="_compute_visit_count", groups="sales_team.group_sale_salesman"
    )

    _position_idx = models.Index(
        "(partner_latitude, partner_longitude) WHERE partner_latitude <> 0"
    )

    def _compute_crm_receivable_amount(self):
        sums = dict(
            self.env["crm.receivable"]._read_group(
                [
                    ("partner_id", "in", self.commercial_partner_id.ids),
                    ("company_id", "=", self.env.company.id),
                ],
                ["partner_id"],
                ["amount_residual:sum"],
            )
        )
        for partner in self:
            partner.crm_receivable_amount = sums.get(partner.commercial_partner_id, 0.0)

    def action_open_receivables(self):
        """Open what this customer owes, as far as the user may see it."""
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_sales.crm_receivable_action")
        return action | {
            "domain": [("partner_id", "in", self.commercial_partner_id.ids)],
            "context": {},
        }

    @api.model
    def _pool_domain(self):
        """Companies and people who are nobody's contacts, and no colleagues."""
        return [
            ("active", "=", True),
            ("partner_share", "=", True),
            "|",
            ("parent_id", "=", False),
            ("is_company", "=", True),
        ]

    def _pool_entities(self):
        return self.filtered(lambda partner: partner.is_company or not partner.parent_id)

    def _pool_followers_to(self, user_id):
        """Contacts of the owner's customers get the same new owner."""
        contacts = self.search([("parent_id", "in", self.ids), ("is_company", "=", False)])
        contacts.filtered(lambda contact: contact.user_id == contact.parent_id.user_id).write(
            {"user_id": user_id}
        )

    def _pool_leave(self):
        """Take the contacts of these companies out of the pool along with them."""
        # sudo: contacts are seen by whoever sees their company, whoever may change them
        contacts = (
            self.sudo()
            .with_context(active_test=False)
            .search([("commercial_partner_id", "in", self.ids), ("pool_id", "!=", False)])
        )
        (contacts - self).write({"pool_id": False})

    @api.model
    def _commercial_fields(self):
        # Contacts of a customer in a pool are seen by whoever sees the customer.
        return super()._commercial_fields() + ["pool_id"]

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_visit_count(self):
        """Count the visits at the customer and its contacts that the reader may see."""
        counts = dict(
            self.env["crm.visit"]._read_group(
                [("partner_id.commercial_partner_id", "in", self.commercial_partner_id.ids)],
                ["partner_id"],
                ["__count"],
            )
        )
        sums = {}
        for partner, count in counts.items():
            entity = partner.commercial_partner_id
            sums[entity] = sums.get(entity, 0) + count
        for partner in self:
            partner.visit_count = sums.get(partner.commercial_partner_id, 0)

    def action_open_visits(self):
        """Open the visits at this customer."""
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("crm_sales.crm_visit_action"),
            "domain": [("partner_id.commercial_partner_id", "=", self.commercial_partner_id.id)],
            "context": {"default_partner_id": self.id},
        }

    @api.model
    @api.readonly
    def get_nearby_customers(self, latitude, longitude, radius=5000, mine=False):
        """Return the customers around a position that the reader may see, the nearest first.

        :param float latitude: degrees
        :param float longitude: degrees
        :param float radius: metres, at most 100 km
        :param bool mine: only those of the reader
        :return: at most 50 dictionaries with ``id``, ``name``, ``address``, ``phone``, ``owner``,
            ``distance`` (metres) and ``position``
        """
        point = self.env["crm.visit"]._valid_position(latitude, longitude)
        radius = min(max(float(radius), 1.0), 100000.0)
        rows = self.env.execute_query(self._sql_nearby(point, radius, mine))
        partners = self.browse([number for number, _distance in rows])
        return [
            partner._nearby_values(distance)
            for partner, (_number, distance) in zip(partners, rows, strict=True)
        ]

    def _nearby_values(self, distance):
        return {
            "id": self.id,
            "name": self.display_name,
            "address": ", ".join(filter(None, (self.city, self.street))),
            "phone": self.phone or "",
            "owner": self.user_id.sudo().name or "",  # sudo: the name of a colleague
            "distance": round(distance),
            "position": [self.partner_latitude, self.partner_longitude],
            "pool": bool(self.pool_id),
        }

    @api.model
    def _sql_nearby(self, point, radius, mine):
        """Return the query of (id, metres): first a box that an index finds, then the distance."""
        if not self.env.user._is_internal():
            raise UserError(self.env._("Customers around you are shown to colleagues only."))
        south, north, west, east = box(point, radius)
        domain = [
            *self._pool_domain(),
            ("partner_latitude", "!=", 0),
            ("partner_latitude", ">=", south),
            ("partner_latitude", "<=", north),
        ]
        if west is not None:
            domain += [("partner_longitude", ">=", west), ("partner_longitude", "<=", east)]
        if mine:
            domain.append(("user_id", "=", self.env.uid))
        query = self._search(domain)
        distance = SQL(
            """2 * %(earth)s * ASIN(LEAST(1, SQRT(
                   POWER(SIN(RADIANS(res_partner.partner_latitude::float - %(lat)s) / 2), 2)
                   + COS(RADIANS(%(lat)s)) * COS(RADIANS(res_partner.partner_latitude::float))
                   * POWER(SIN(RADIANS(res_partner.partner_longitude::float - %(lon)s) / 2), 2)
               )))""",
            earth=EARTH,
            lat=point[0],
            lon=point[1],
        )
        return SQL(
            """SELECT id, distance FROM (%s) AS near WHERE distance <= %s
             ORDER BY distance, id LIMIT %s""",
            query.select(SQL("res_partner.id"), SQL("%s AS distance", distance)),
            radius,
            NEAR,
        )
