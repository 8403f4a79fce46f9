import json

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from odoo.addons.crm_approval.tools import empty_columns

from .crm_customer_stage_history import STAGES


class ResPartner(models.Model):
    """Customers: segments, figures, lifecycle, level, timeline, identities, duplicates, scores."""

    _inherit = "res.partner"

    # --- segments ---

    segment_ids = fields.Many2many(
        "crm.segment",
        string="Segments",
        compute="_compute_segment_ids",
        search="_search_segment_ids",
        groups="crm_customer.group_customer_user",
        help="Segments that the customer, or for a contact its company, is a member of now.",
    )

    @api.depends("commercial_partner_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_segment_ids(self):
        entities = self.commercial_partner_id
        rows = self.env["crm.segment.member"]._read_group(
            [("partner_id", "in", entities.ids), ("date_out", "=", False)],
            ["partner_id"],
            ["segment_id:recordset"],
        )
        found = dict(rows)
        for partner in self:
            partner.segment_ids = found.get(partner.commercial_partner_id, False)

    def _search_segment_ids(self, operator, value):
        """Search present members and their contacts, by ids, names or a domain of segments."""
        segments = self.env["crm.segment"].with_context(active_test=False)
        if operator in ("any", "any!", "ilike", "like"):
            sub = value if operator.startswith("any") else [("name", operator, value)]
            return self._domain_of_segments(segments.search(Domain(sub)).ids)
        if operator != "in":
            return NotImplemented
        ids = [one for one in value if isinstance(one, int) and one]
        names = [one for one in value if isinstance(one, str)]
        if names:
            ids += segments.search([("name", "in", names)]).ids
        domain = self._domain_of_segments(
            segments.browse(ids).exists()._filtered_access("read").ids
        )
        if False in value:
            domain |= ~self._domain_of_segments(
                segments.search([("active", "in", [True, False])]).ids
            )
        return domain

    @api.model
    def _domain_of_segments(self, segment_ids):
        query = self.env["crm.segment.member"]._active_query(segment_ids)
        return Domain("commercial_partner_id", "in", query)

    def action_open_segments(self):
        """Open the stays of the customer in segments, past ones too."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Segments"),
            "res_model": "crm.segment.member",
            "view_mode": "list,kanban",
            "domain": [("partner_id", "=", self.commercial_partner_id.id)],
            "context": {"search_default_present": 1},
        }

    # --- value scores ---

    value_score_ids = fields.One2many(
        "crm.partner.score",
        "partner_id",
        string="Value Scores",
        readonly=True,
        groups="crm_customer.group_customer_user",
    )
    value_score_id = fields.Many2one(
        "crm.partner.score",
        string="Current Value Score",
        compute="_compute_value_score_id",
        groups="crm_customer.group_customer_user",
        help="Of the commercial entity, in the current company.",
    )
    value_class = fields.Selection(
        selection=lambda self: self._value_selection("rfm_class"),
        compute="_compute_value_class",
        search="_search_value_class",
        groups="crm_customer.group_customer_user",
    )
    value_churn_class = fields.Selection(
        selection=lambda self: self._value_selection("churn_class"),
        string="Churn Risk",
        compute="_compute_value_class",
        search="_search_value_churn_class",
        groups="crm_customer.group_customer_user",
    )
    value_explanation = fields.Text(
        compute="_compute_value_explanation", groups="crm_customer.group_customer_user"
    )
    value_graph = fields.Text(
        compute="_compute_value_explanation", groups="crm_customer.group_customer_user"
    )

    # --- data quality ---

    quality_ids = fields.One2many(
        "crm.partner.quality", "partner_id", groups="crm_customer.group_customer_user"
    )
    quality_score = fields.Float(
        string="Data Quality",
        compute="_compute_quality",
        groups="crm_customer.group_customer_user",
        help="Share of the rules for this kind of customer that the record meets, by weight, as "
        "of last night.",
    )
    quality_issues = fields.Text(
        compute="_compute_quality", groups="crm_customer.group_customer_user"
    )

    # --- contribution ---

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

    # --- identities and duplicates ---

    identity_ids = fields.One2many(
        "crm.identity",
        "partner_id",
        "Identities",
        groups="crm_customer.group_customer_user",
    )

    duplicate_hint = fields.Html(
        "Likely Duplicates",
        compute="_compute_duplicate_hint",
        sanitize=False,
        groups="crm_customer.group_customer_user",
    )

    @api.depends(
        "name", "is_company", "email", "phone", "vat", "company_registry", "website", "street",
        "street2", "city", "zip", "country_id", "parent_id", "company_id", "ref",
    )  # fmt: skip
    def _compute_duplicate_hint(self):
        for partner in self:
            partner.duplicate_hint = self.env["crm.match.candidate"]._hint_for_partner(partner)

    def _refresh_identification(self, changed=None):
        """Bring identities and matching keys up to date; ``changed`` fields, None for all."""
        if not self:
            return
        identity = self.env["crm.identity"]
        if changed is None or not identity._watched_fields().isdisjoint(changed):
            identity._sync_partners(self.ids)
        rulesets = self.env["crm.match.ruleset"]
        if changed is None or not rulesets._watched_fields().isdisjoint(changed):
            rulesets._partners_changed(self.ids)

    @api.model
    def find_or_create(self, email, assert_valid_email=False):
        """Consult the identities first: a second address of a customer finds him too."""
        known = email and self.env["crm.identity"]._identify("email", email)
        return known or super().find_or_create(email, assert_valid_email=assert_valid_email)

    @api.model
    def _find_or_create_from_emails(
        self,
        emails,
        ban_emails=None,
        filter_found=None,
        additional_values=None,
        no_create=False,
        sort_key=None,
        sort_reverse=True,
    ):
        """Consult the identities first: a second address of a customer finds him too.

        Where an address is also the main one of other partners, the order that the caller asks
        for (the user himself, followers, colleagues) decides, and among equals the identity.
        """
        known = self.env["crm.identity"]._find_by_emails(
            emails, ban_emails, filter_found, additional_values
        )
        find = super()._find_or_create_from_emails
        common = {
            "ban_emails": ban_emails,
            "filter_found": filter_found,
            "additional_values": additional_values,
            "sort_key": sort_key,
            "sort_reverse": sort_reverse,
        }
        others = [email for email in emails if email not in known]
        result = dict(zip(others, find(others, no_create=no_create, **common), strict=True))
        if not known:
            return [result[email] for email in emails]
        held = dict(zip(known, find(list(known), no_create=True, **common), strict=True))
        for email, partner in known.items():
            candidates = partner | held[email]
            if sort_key:
                candidates = candidates.sorted(key=sort_key, reverse=sort_reverse)
            result[email] = candidates[:1]
        return [result[email] for email in emails]

    # --- merge ---

    merged_into_id = fields.Many2one(
        "res.partner",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="cascade",
        help="This record lives on in another one. It is found by nobody, and kept to undo that.",
    )

    @api.model
    def _search(self, domain, *args, active_test=True, **kwargs):
        """Nothing finds a merged record by accident, not even a search among archived ones."""
        domain = Domain(domain)
        names = {condition.field_expr.split(".")[0] for condition in domain.iter_conditions()}
        # Without active_test it is the ORM, which fetches the rows of ids that are known.
        archived = active_test and (
            "active" in names or not self.env.context.get("active_test", True)
        )
        wanted = "merged_into_id" in names or self.env.context.get("show_merged")
        if archived and not wanted:
            domain &= Domain("merged_into_id", "=", False)
        return super()._search(domain, *args, active_test=active_test, **kwargs)

    def action_merge_customers(self):
        """Open a draft of the merge of these customers."""
        merge = self.env["crm.merge"].create_for(self)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Merge Customers"),
            "res_model": "crm.merge",
            "res_id": merge.id,
            "views": [(False, "form")],
        }

    def action_open_merges(self):
        """Open the merges that this customer has part in."""
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_customer.crm_merge_action")
        return {**action, "domain": [("partner_ids", "in", self.ids)], "context": {}}

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

    def _auto_init(self):
        empty_columns(self, "birthday_key")
        return super()._auto_init()

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
        reporting = self.filtered("reports_to_id")
        for partner in reporting:
            if partner.commercial_partner_id != partner.reports_to_id.commercial_partner_id:
                raise ValidationError(
                    self.env._(
                        "%(person)s cannot report to %(boss)s, who works for another customer. "
                        "Choose a contact of the same company.",
                        person=partner.name,
                        boss=partner.reports_to_id.name,
                    )
                )
        if reporting and reporting._has_cycle("reports_to_id"):
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
        with timeline._few_rows_by_index():
            page = timeline._read_page(partner)
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

    # --- create, write, unlink: one place for all of the above ---

    @api.model_create_multi
    def create(self, vals_list):
        """Keep identities and matching keys; a stage or level that is given is locked."""
        partners = super().create([self._vals_by_hand(vals) for vals in vals_list])
        partners.filtered("lifecycle_stage")._note_lifecycle()
        partners._refresh_identification()
        self.env["crm.segment.dirty"]._mark(partners)
        return partners

    def write(self, vals):
        """See :meth:`create`; the company that a contact leaves is evaluated too.

        :raises UserError: a customer that was merged into another would be active again
        """
        if vals.get("active"):
            self._check_not_merged()
        vals = self._vals_by_hand(vals)
        # Also the company that a contact leaves has done less than before.
        moving = not {"parent_id", "is_company"}.isdisjoint(vals)
        left = self.commercial_partner_id if moving else self.browse()
        changed = self.browse()
        if "lifecycle_stage" in vals:
            changed = self.filtered(lambda p: p.lifecycle_stage != vals["lifecycle_stage"])
        result = super().write(vals)
        changed._note_lifecycle()
        self._refresh_identification(vals.keys())
        self.env["crm.segment.dirty"]._mark(self | left)
        return result

    def unlink(self):
        """Free the identities for others who claim them."""
        freed = self.env["crm.identity"]._held_by(self)
        self.env["crm.match.key"]._forget(self.ids)
        result = super().unlink()
        self.env["crm.identity"]._promote(freed)
        return result

    def _check_not_merged(self):
        if self.merged_into_id:
            raise UserError(
                self.env._(
                    "%s was merged into another record. Undo the merge to use it again.",
                    ", ".join(self.filtered("merged_into_id").mapped("name")),
                )
            )

    def _after_merge(self):
        """Catch up after SQL changed these customers: a merge, or its undo; extend to add.

        Survivors and merged records alike, the latter to be forgotten or known again.
        """
        gone = self.filtered("merged_into_id")
        self.env["crm.match.key"]._forget(gone.ids)
        (self - gone)._refresh_identification()
        self.env["crm.match.candidate"]._refresh_clusters()
        self.env["crm.segment.dirty"]._mark(self)

    # --- value scores ---

    @api.depends("commercial_partner_id", "value_score_ids")
    @api.depends_context("company")
    def _compute_value_score_id(self):
        scores = self.env["crm.partner.score"].search(
            [
                ("partner_id", "in", self.commercial_partner_id.ids),
                ("company_id", "=", self.env.company.id),
                ("is_current", "=", True),
            ]
        )
        current = scores.grouped("partner_id")
        for partner in self:
            partner.value_score_id = current.get(partner.commercial_partner_id)

    @api.model
    def _value_selection(self, name):
        return self.env["crm.partner.score"]._fields[name]._description_selection(self.env)

    @api.depends("value_score_id")
    @api.depends_context("company")
    def _compute_value_class(self):
        for partner in self:
            partner.value_class = partner.value_score_id.rfm_class
            partner.value_churn_class = partner.value_score_id.churn_class

    def _search_value_class(self, operator, value):
        return self._search_current_score("rfm_class", operator, value)

    def _search_value_churn_class(self, operator, value):
        return self._search_current_score("churn_class", operator, value)

    @api.model
    def _search_current_score(self, name, operator, value):
        """Return the domain of customers, and their contacts, by their score in this company."""
        if operator != "in":
            return NotImplemented
        current = [("company_id", "=", self.env.company.id), ("is_current", "=", True)]
        found = [("value_score_ids", "any", [*current, (name, "in", value)])]
        domain = Domain("commercial_partner_id", "any", found)
        if False in value:
            domain |= ~Domain("commercial_partner_id", "any", [("value_score_ids", "any", current)])
        return domain

    @api.depends("value_score_id")
    @api.depends_context("lang", "uid", "company")
    def _compute_value_explanation(self):
        scores = self.env["crm.partner.score"].search(
            [
                ("partner_id", "in", self.value_score_id.partner_id.ids),
                ("company_id", "=", self.env.company.id),
            ],
            order="month",
        )
        months = scores.grouped("partner_id")
        for partner in self:
            partner.value_explanation = partner.value_score_id.explanation
            history = months.get(partner.value_score_id.partner_id, scores.browse())
            partner.value_graph = partner._value_graph(history[-12:])

    @api.model
    def _value_graph(self, scores):
        """Return the chance to buy within a year by month, or R + F + M where there is none."""
        forecast = all(scores.mapped("has_model"))
        values = [
            {
                "label": format_date(self.env, score.month, date_format="MMM yy"),
                "value": round(100 * score.p_buy)
                if forecast
                else score.recency_score + score.frequency_score + score.monetary_score,
                "type": "past",
            }
            for score in scores
        ]
        label = self.env._("Buys within 12 months (%)") if forecast else self.env._("R + F + M")
        return json.dumps([{"key": label, "values": values}])

    def action_open_value_scores(self):
        """Open the value scores of the customer, month by month."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_customer.crm_partner_score_action"
        )
        domain = [("partner_id", "=", self.commercial_partner_id.id)]
        return {**action, "domain": domain, "context": {}}

    # --- data quality ---

    @api.depends("quality_ids")
    @api.depends_context("lang")
    def _compute_quality(self):
        for partner in self:
            found = partner.quality_ids[:1]
            partner.quality_score = found.score
            partner.quality_issues = "\n".join(found.issue_ids.mapped("name")) or False
