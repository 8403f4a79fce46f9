from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from .crm_customer_stage_history import STAGES


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.model
    def _sql_contribution(self):
        """Return a query of what customers' documents contributed, from posted journal items.

        One row per posted customer document, in company currency, income positive: ``partner_id``
        (commercial entity), ``company_id``, ``move_id``, ``date`` (of the invoice), ``revenue``
        (untaxed) and ``contribution`` (less the cost of sales the document carries). Addons that
        know further costs of a customer add rows.
        """
        return SQL(
            """
            SELECT move.commercial_partner_id AS partner_id, move.company_id, move.id AS move_id,
                   move.invoice_date AS date,
                   SUM(-line.balance) FILTER (WHERE line.display_type = 'product') AS revenue,
                   SUM(-line.balance) AS contribution
              FROM account_move move
              JOIN account_move_line line ON line.move_id = move.id
              JOIN account_account account ON account.id = line.account_id
             WHERE move.state = 'posted'
               AND move.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
               AND account.account_type ~ '^(income|expense)'
          GROUP BY move.id
            """
        )

    # --- 360° view and customer master ---

    customer_level_id = fields.Many2one(
        "crm.customer.level", string="Level", index="btree_not_null", ondelete="set null"
    )
    customer_level_locked = fields.Boolean(
        "Level Locked", help="The nightly job leaves the level alone."
    )
    customer_level_facts = fields.Json()
    customer_level_reason = fields.Char("Why this Level", compute="_compute_customer_level_reason")
    customer_level_color = fields.Integer(related="customer_level_id.color")
    lifecycle_stage = fields.Selection(STAGES, index="btree_not_null")
    lifecycle_locked = fields.Boolean(
        "Stage Locked", help="The nightly job leaves the lifecycle stage alone."
    )
    lifecycle_date = fields.Date("In Stage since", readonly=True)
    lifecycle_facts = fields.Json()
    lifecycle_reason = fields.Char("Why this Stage", compute="_compute_lifecycle_reason")
    lifecycle_history_ids = fields.One2many(
        "crm.customer.stage.history", "partner_id", readonly=True
    )
    company_size = fields.Selection(
        [
            ("1", "1–9"),
            ("10", "10–49"),
            ("50", "50–249"),
            ("250", "250–999"),
            ("1000", "1,000 and more"),
        ]
    )
    annual_revenue = fields.Monetary(currency_field="annual_revenue_currency_id")
    annual_revenue_currency_id = fields.Many2one(
        "res.currency", default=lambda self: self.env.company.currency_id
    )
    source_id = fields.Many2one("utm.source", index="btree_not_null", ondelete="set null")
    contact_role_ids = fields.Many2many(
        "crm.contact.role",
        "crm_contact_role_partner_rel",
        "partner_id",
        "role_id",
        string="Roles",
        help="What this person is in a purchase; several are possible.",
    )
    reports_to_id = fields.Many2one(
        "res.partner",
        string="Reports to",
        index="btree_not_null",
        ondelete="set null",
        domain="[('commercial_partner_id', '=', commercial_partner_id), ('id', '!=', id),"
        " ('is_company', '=', False)]",
    )
    direct_report_ids = fields.One2many("res.partner", "reports_to_id", string="Direct Reports")
    preferred_channel = fields.Selection(
        [
            ("email", "Email"),
            ("phone", "Phone"),
            ("wechat", "WeChat"),
            ("sms", "SMS"),
            ("visit", "Visit"),
            ("post", "Post"),
        ]
    )
    preferred_time = fields.Selection(
        [
            ("morning", "Morning"),
            ("noon", "Midday"),
            ("afternoon", "Afternoon"),
            ("evening", "Evening"),
        ],
        help="When this person likes to be contacted, in their time zone.",
    )
    birthday = fields.Date(help="Day and month count for reminders; any year will do.")
    birthday_key = fields.Integer(
        "Day of the Year",
        compute="_compute_birthday_key",
        store=True,
        help="Month and day as one number: 412 is April 12.",
    )

    @api.depends("birthday")
    def _compute_birthday_key(self):
        for partner in self:
            day = partner.birthday
            partner.birthday_key = day and day.month * 100 + day.day

    @api.depends("customer_level_id", "customer_level_locked", "customer_level_facts")
    @api.depends_context("lang")
    def _compute_customer_level_reason(self):
        for partner in self:
            level = partner.customer_level_id
            partner.customer_level_reason = level and level._explain(
                partner.customer_level_facts, partner.customer_level_locked
            )

    @api.depends("lifecycle_stage", "lifecycle_locked", "lifecycle_facts")
    @api.depends_context("lang")
    def _compute_lifecycle_reason(self):
        history = self.env["crm.customer.stage.history"]
        today = fields.Date.context_today(self)
        for partner in self:
            if partner.lifecycle_locked:
                partner.lifecycle_reason = self.env._("Set by hand")
                continue
            partner.lifecycle_reason = history._explain(
                partner.lifecycle_stage, partner.lifecycle_facts, today
            )

    @api.constrains("reports_to_id", "parent_id")
    def _check_reports_to(self):
        for partner in self.filtered("reports_to_id"):
            if partner.commercial_partner_id != partner.reports_to_id.commercial_partner_id:
                raise ValidationError(
                    self.env._(
                        "%(person)s cannot report to %(boss)s, who works for another customer. "
                        "Choose a contact of the same company.",
                        person=partner.name,
                        boss=partner.reports_to_id.name,
                    )
                )
        if self._has_cycle("reports_to_id"):
            raise ValidationError(
                self.env._(
                    "Somebody would report to themselves along this chain. Choose another person "
                    "in Reports to."
                )
            )

    @api.model
    def _commercial_fields(self):
        return super()._commercial_fields() + [
            "customer_level_id",
            "customer_level_locked",
            "customer_level_facts",
            "lifecycle_stage",
            "lifecycle_locked",
            "lifecycle_facts",
            "lifecycle_date",
            "company_size",
            "annual_revenue",
            "annual_revenue_currency_id",
        ]

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create([self._vals_by_hand(vals) for vals in vals_list])
        partners.filtered("lifecycle_stage")._note_lifecycle()
        return partners

    def write(self, vals):
        vals = self._vals_by_hand(vals)
        changed = self.browse()
        if "lifecycle_stage" in vals:
            changed = self.filtered(lambda p: p.lifecycle_stage != vals["lifecycle_stage"])
        result = super().write(vals)
        changed._note_lifecycle()
        return result

    def _vals_by_hand(self, vals):
        """Whoever sets a level or a stage means it: it is locked, unless they say otherwise."""
        if vals.get("customer_level_id"):
            vals = {"customer_level_locked": True, **vals}
        if vals.get("lifecycle_stage"):
            vals = {"lifecycle_locked": True, **vals}
        return vals

    def _note_lifecycle(self):
        """Close the open row of history and open one for a stage that was set by hand."""
        today = fields.Date.context_today(self)
        entities = self.filtered(lambda p: p.commercial_partner_id == p)
        if not entities:
            return
        # sudo: history is written by methods only; whoever may write the stage causes it
        history = self.env["crm.customer.stage.history"].sudo()
        opened = history.search([("partner_id", "in", entities.ids), ("date_to", "=", False)])
        opened.write({"date_to": today})
        history.flush_model()
        history.create(
            [
                {
                    "partner_id": partner.id,
                    "stage": partner.lifecycle_stage,
                    "date_from": today,
                    "manual": True,
                    "user_id": self.env.uid,
                }
                for partner in entities.filtered("lifecycle_stage")
            ]
        )
        entities.write({"lifecycle_date": today})

    def _customer_figures(self):
        """Return the key figures of this commercial entity; see ``crm.customer.figures``.

        Addons may extend this method or ``crm.customer.figures``.
        """
        self.ensure_one()
        figures = self.env["crm.customer.figures"]._figures(self)
        return sorted(figures, key=lambda figure: figure.get("sequence", 50))

    def action_open_360(self):
        """Open the 360° view of the customer that this contact belongs to."""
        self.ensure_one()
        entity = self.commercial_partner_id
        return {
            **self.env["ir.actions.client"]._for_xml_id("crm_customer.customer_360_client_action"),
            "name": entity.display_name,
            "context": {"active_id": entity.id, "active_model": "res.partner"},
        }

    def action_open_org_chart(self):
        """Show who reports to whom at this customer."""
        self.ensure_one()
        entity = self.commercial_partner_id
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("crm_customer.org_chart_action"),
            "display_name": self.env._("Organisation of %s", entity.name),
            "domain": [
                ("commercial_partner_id", "=", entity.id),
                ("is_company", "=", False),
                ("type", "=", "contact"),
            ],
            "context": {"default_parent_id": entity.id},
        }

    @api.model
    @api.readonly
    def get_customer_360(self, partner_id):
        """Return all that the 360° view shows when it opens.

        :param int partner_id: the customer or one of its contacts
        :raise AccessError: when the reader may not read the customer
        """
        partner = self.browse(partner_id).exists()
        if not partner:
            raise UserError(self.env._("This customer does not exist any more."))
        partner.check_access("read")
        partner = partner.commercial_partner_id
        partner.check_access("read")
        timeline = self.env["crm.interaction"]
        sources = timeline._readable_sources()
        page = timeline.get_timeline(partner.id)
        with timeline._few_rows_by_index():
            reader = partner.with_context(customer_360_rows=page["rows"])
            figures = reader._customer_figures()
        return {
            "header": partner._customer_header(),
            "figures": figures,
            "kinds": [
                {"kind": kind, "label": source.label, "icon": source.icon}
                for kind, source in sources.items()
            ],
            "timeline": page,
        }

    def _customer_header(self):
        """Return who the customer is, for the head of the 360° view."""
        self.ensure_one()
        level = self.customer_level_id
        stages = dict(self._fields["lifecycle_stage"]._description_selection(self.env))
        sizes = dict(self._fields["company_size"]._description_selection(self.env))
        place = [self.city, self.state_id.name, self.country_id.name]
        return {
            "id": self.id,
            "name": self.display_name,
            "is_company": self.is_company,
            "place": ", ".join(name for name in place if name),
            "industry": self.industry_id.name or "",
            "size": sizes.get(self.company_size, ""),
            "user": self.user_id.sudo().name or "",  # sudo: the name of a colleague
            "email": self.email or "",
            "phone": self.phone or "",
            "level": level and {"name": level.name, "color": level.color},
            "level_reason": self.customer_level_reason or "",
            "stage": self.lifecycle_stage or "",
            "stage_name": stages.get(self.lifecycle_stage, ""),
            "stage_reason": self.lifecycle_reason or "",
            "stage_date": fields.Date.to_string(self.lifecycle_date) or "",
            "contacts": self._customer_contacts(),
        }

    def _customer_contacts(self, limit=12):
        """Return the people of the customer, those with a role first."""
        people = self.search(
            [
                ("commercial_partner_id", "=", self.id),
                ("is_company", "=", False),
                ("type", "=", "contact"),
            ],
            limit=200,
        )
        people = people.sorted(lambda p: (not p.contact_role_ids, not p.function, p.id))
        return [
            {
                "id": person.id,
                "name": person.name or person.display_name,
                "function": person.function or "",
                "roles": [
                    {"name": role.name, "color": role.color} for role in person.contact_role_ids
                ],
            }
            for person in people[:limit]
        ]
