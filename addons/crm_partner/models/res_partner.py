from collections import Counter
from contextlib import contextmanager
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, ConcurrencyError, LockError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine import programme
from ..engine.distribution import Need, covers
from ..tools import is_unlocked, unlocked

KEPT = ("level_since", "level_warned_on", "level_grace_until")
LOCK = ("level_locked_until", "level_lock_reason")

TREE_FIELDS = ("parent_id", "channel_parent_id", "is_company", "commercial_partner_id")


class ResPartner(models.Model):
    """A channel partner: its level, purchases, distributors below it, funds and rebates."""

    _inherit = "res.partner"

    channel_grade_id = fields.Many2one(
        "res.partner.grade",
        "Programme Level",
        compute="_compute_channel_grade",
        help="Level of the company this contact belongs to.",
    )

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

    # --- portal: one change after the other ---
    channel_turn = fields.Integer("Changes from the Portal", readonly=True, copy=False, default=0)

    # --- portal team ---
    channel_team_count = fields.Integer("Portal Team", compute="_compute_channel_team_count")

    # --- anti-diversion ---
    diversion_case_ids = fields.One2many("crm.diversion.case", "partner_id", "Diversion Cases")
    diversion_count = fields.Integer(compute="_compute_diversion_count")

    @api.depends("commercial_partner_id.grade_id")
    def _compute_channel_grade(self):
        for partner in self:
            partner.channel_grade_id = partner.commercial_partner_id.grade_id

    # --- programme ---
    grade_id = fields.Many2one(copy=False)
    level_since = fields.Date("Level since", readonly=True, copy=False)
    level_warned_on = fields.Date("Warned on", readonly=True, copy=False)
    level_grace_until = fields.Date(
        "Grace until",
        readonly=True,
        copy=False,
        help="Who falls short of the level on this day or later moves down at the next review.",
    )
    level_locked_until = fields.Date(
        "Level Locked until",
        copy=False,
        help="No review changes the level up to and including this day.",
        groups="base.group_user",
    )
    level_lock_reason = fields.Char("Reason of the Lock", copy=False, groups="base.group_user")
    channel_parent_id = fields.Many2one(
        "res.partner",
        "Distributor above",
        index="btree_not_null",
        domain=[("is_company", "=", True), ("grade_id", "!=", False)],
        help="The distributor through whom this one belongs to the programme, for example the"
        " provincial distributor of a city distributor.",
        groups="base.group_user",
    )
    channel_child_ids = fields.One2many(
        "res.partner", "channel_parent_id", "Distributors below", groups="base.group_user"
    )
    channel_see_figures = fields.Boolean(
        "Sees Their Purchases",
        help="In the portal, this distributor sees the sum of the purchases of each distributor"
        " below. Prices are never shown.",
        groups="base.group_user",
    )
    channel_mail_optout = fields.Boolean(
        "No Mails about Content and News",
        help="Chosen by the person in the partner portal.",
        groups="base.group_user",
    )
    level_history_ids = fields.One2many(
        "crm.partner.level.history", "partner_id", groups="base.group_user"
    )
    next_grade_id = fields.Many2one(
        "res.partner.grade",
        "Next Level",
        compute="_compute_level_progress",
        groups="base.group_user",
    )
    level_progress = fields.Integer(
        "To the Next Level (%)", compute="_compute_level_progress", groups="base.group_user"
    )
    programme_html = fields.Html(
        "Requirements",
        compute="_compute_programme_html",
        sanitize=False,
        compute_sudo=False,
        groups="base.group_user",
    )

    onboarding_task_ids = fields.One2many(
        "crm.partner.onboarding.task", "partner_id", groups="base.group_user"
    )
    onboarding_progress = fields.Integer(
        "Onboarding (%)", compute="_compute_programme_counts", groups="base.group_user"
    )
    partner_certificate_ids = fields.One2many(
        "crm.partner.certificate", "partner_id", groups="base.group_user"
    )
    partner_certificate_count = fields.Integer(
        "Valid Certificates", compute="_compute_programme_counts", groups="base.group_user"
    )
    partner_agreement_ids = fields.One2many(
        "crm.partner.agreement", "partner_id", groups="base.group_user"
    )
    partner_agreement_count = fields.Integer(
        "Agreements", compute="_compute_programme_counts", groups="base.group_user"
    )

    @api.depends(
        "grade_id",
        "onboarding_task_ids.state",
        "partner_certificate_ids.state",
        "partner_agreement_ids",
    )
    def _compute_programme_counts(self):
        shares = self._onboarding_share()
        # sudo: numbers of partners at hand; the lists behind them ask for rights
        certificates = self.env["crm.partner.certificate"].sudo()
        valid = certificates._valid_domain(fields.Date.context_today(self))
        held = dict(
            certificates._read_group(
                [*valid, ("partner_id", "in", self.ids)], ["partner_id"], ["__count"]
            )
        )
        signed = dict(
            self.env["crm.partner.agreement"]
            .sudo()  # sudo: as above
            ._read_group([("partner_id", "in", self.ids)], ["partner_id"], ["__count"])
        )
        for partner in self:
            done, total = shares.get(partner.id, (0, 0))
            partner.onboarding_progress = 100 * done // total if total else 0
            partner.partner_certificate_count = held.get(partner, 0)
            partner.partner_agreement_count = signed.get(partner, 0)

    @api.depends("grade_id", "partner_certificate_ids.state")
    def _compute_level_progress(self):
        figures = self._channel_progress()
        for partner in self:
            rows = figures.get(partner.id, {}).get("next", [])
            partner.next_grade_id = figures.get(partner.id, {}).get("next_grade", False)
            shares = [row["share"] for row in rows]
            partner.level_progress = int(100 * sum(shares) / len(shares)) if shares else 0

    @api.depends("grade_id", "partner_certificate_ids.state")
    def _compute_programme_html(self):
        progress = self._channel_progress()
        for partner in self:
            values = {"progress": progress.get(partner.id)}
            partner.programme_html = (
                self.env["ir.qweb"]._render("crm_partner.programme_progress", values)
                if values["progress"]
                else False
            )

    @api.constrains("channel_parent_id")
    def _check_channel_parent(self):
        for partner in self:
            # sudo: the circle may go through distributors that the user cannot read
            parents = {}
            above = partner.sudo()
            while above and above.id not in parents:
                parents[above.id] = above.channel_parent_id.id or None
                above = above.channel_parent_id
            if programme.circle(parents, partner.id):
                raise ValidationError(
                    self.env._(
                        "%s cannot stand above itself: the distributors above it lead back to it.",
                        partner.display_name,
                    )
                )

    @api.constrains("level_locked_until", "level_lock_reason")
    def _check_level_lock(self):
        for partner in self:
            if partner.level_locked_until and not (partner.level_lock_reason or "").strip():
                raise ValidationError(
                    self.env._("Say why the level of %s is locked.", partner.display_name)
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Note the level in the history and give its price list.

        :raise AccessError: a level, or a lock of it, is given without the right
        """
        for vals in vals_list:
            self._check_programme_vals(vals)
        partners = super().create(vals_list)
        partners._level_created()
        return partners

    def write(self, vals):
        """Keep history, dates and price list with the level, and rebates with the company tree.

        :raise AccessError: a level, or a lock of it, changes without the right
        """
        with self._level_change(vals):
            result = super().write(vals)
        self._rebate_tree_changed(vals)
        return result

    # --- programme: what changes a level ---

    def _check_programme_vals(self, vals):
        """Levels belong to channel managers, locks to programme administrators.

        :raise AccessError: for everybody else
        """
        if self.env.su or is_unlocked(self.env):
            return
        user = self.env.user
        if vals.get("grade_id") and not user.has_group("crm_partner.group_partner_user"):
            raise AccessError(self.env._("Levels are given by channel managers."))
        if any(vals.get(name) for name in LOCK) and not user.has_group(
            "crm_partner.group_partner_manager"
        ):
            raise AccessError(self.env._("Levels are locked by administrators of the programme."))
        if any(vals.get(name) for name in KEPT):
            raise AccessError(self.env._("These dates are set by the review of the levels."))

    def _level_created(self):
        """Give the price list of the level, which Odoo does on a write only, and note the start."""
        for partner in self.filtered("grade_id"):
            if not partner.specific_property_product_pricelist:
                partner.specific_property_product_pricelist = (
                    partner.grade_id.default_pricelist_id or False
                )
            partner._level_moved(self.env["res.partner.grade"])

    @contextmanager
    def _level_change(self, vals):
        """Check who changes a level, and keep its history, dates and price list with it."""
        if not vals.keys() & {"grade_id", *LOCK, *KEPT}:
            yield
            return
        self._check_level_write(vals)
        # sudo: compared only, after the write that the user needs the right for
        before = {
            partner: (partner.grade_id, partner.level_locked_until) for partner in self.sudo()
        }
        yield
        for partner, (grade, locked) in before.items():
            if partner.grade_id != grade:
                partner.with_env(self.env)._level_moved(grade)
            if partner.level_locked_until != locked:
                partner.with_env(self.env)._log_lock()

    def _check_level_write(self, vals):
        """Clearing a field is a change too; writing what is there already is none."""
        changed = {
            name: value or True
            for name, value in vals.items()
            if name in ("grade_id", *LOCK, *KEPT) and self._differs(name, value)
        }
        self._check_programme_vals(changed)

    def _differs(self, name, value):
        field = self._fields[name]
        return any(
            field.convert_to_cache(value, partner) != field.convert_to_cache(partner[name], partner)
            for partner in self.sudo()  # sudo: compared only
        )

    def _level_moved(self, before):
        """The level of this partner was ``before``: dates, price list, history, onboarding."""
        grade = self.grade_id
        context = self.env.context.get("level_change") if is_unlocked(self.env) else None
        partner = unlocked(self)
        values = dict.fromkeys(("level_warned_on", "level_grace_until"), False)
        values["level_since"] = fields.Date.context_today(self) if grade else False
        partner.write(values)
        if (
            before.default_pricelist_id
            and not grade.default_pricelist_id
            and self.specific_property_product_pricelist == before.default_pricelist_id
        ):
            # who leaves a level leaves its prices
            partner.write({"specific_property_product_pricelist": False})
        row = {"kind": self._level_kind(before, grade), **(context or {})}
        self.env["crm.partner.level.history"]._log(
            self, row.pop("kind"), from_grade_id=before.id, grade_id=grade.id, **row
        )
        self._level_assigned(before)

    @staticmethod
    def _level_kind(before, grade):
        if not grade:
            return "leave"
        if not before:
            return "start"
        ranks = (grade.sequence, grade.id), (before.sequence, before.id)
        return "promotion" if ranks[0] < ranks[1] else "demotion"

    def _level_assigned(self, before):
        """Hook: the level has changed from ``before``, by hand, by order or by review."""
        self._create_onboarding()

    def _log_lock(self):
        self.env["crm.partner.level.history"]._log(
            self,
            "lock" if self.level_locked_until else "unlock",
            grade_id=self.grade_id.id,
            until=self.level_locked_until,
            reason=self.level_lock_reason,
        )

    # --- programme: figures ---

    def _channel_purchases(self, start, end, company):
        """Return {partner id: purchases}: posted invoices less credit notes, in one query.

        In the currency of ``company``, excluding taxes; by invoice date, both days included.
        """
        rows = (
            self.env["account.move"]
            .sudo()  # sudo: sums only, for people who look after partners but read no invoices
            ._read_group(
                [
                    ("company_id", "=", company.id),
                    ("commercial_partner_id", "in", self.ids),
                    ("move_type", "in", ("out_invoice", "out_refund")),
                    ("state", "=", "posted"),
                    ("invoice_date", ">=", start),
                    ("invoice_date", "<=", end),
                ],
                ["commercial_partner_id"],
                ["amount_untaxed_signed:sum"],
            )
        )
        totals = {partner.id: total for partner, total in rows}
        return {
            partner.id: company.currency_id.round(totals.get(partner.id, 0)) for partner in self
        }

    def _channel_progress(self, on=None):
        """Return how far partners are, with one query per different question.

        :return: {partner id: {"grade", "levels": [{grade, met, rows}], "current": rows, "next":
            rows, "next_grade"}}; rows as of ``crm.partner.requirement._prepare_figure``
        """
        on = on or fields.Date.context_today(self)
        progress = {}
        # sudo: requirements and figures of the partners at hand; callers may read those partners
        for company, partners in self.sudo()._by_programme().items():
            ladder = self.env["res.partner.grade"].sudo().with_company(company)._ladder(company)
            figures = ladder.requirement_ids._figures(partners, on)
            for partner in partners:
                progress[partner.id] = ladder._progress_of(partner, figures)
        return progress

    def _by_programme(self):
        """Return the companies of the programme at hand by the company that runs it."""
        groups = {}
        for partner in self.filtered("grade_id"):
            company = partner.grade_id.company_id or partner.company_id or self.env.company
            groups.setdefault(company, self.browse())
            groups[company] |= partner
        return groups

    def _channel_recipients(self):
        """Return who gets the letters of the programme: administrators of the team, or the company.

        :return: ``res.partner`` (superuser) with an address
        """
        self.ensure_one()
        group = self.env.ref("crm_partner.group_portal_admin")
        # sudo: users of the partner, whom channel managers cannot read
        users = (
            self.env["res.users"]
            .sudo()
            .search(
                [
                    ("partner_id.commercial_partner_id", "=", self.id),
                    ("all_group_ids", "in", group.ids),
                ]
            )
        )
        # sudo: as above, the address of the company where nobody has the role
        people = users.partner_id or self.sudo()
        return people.filtered("email")

    def _channel_manager(self):
        """Return who looks after this partner: its salesperson, else a programme administrator.

        :return: ``res.users`` (superuser); empty only where nobody administrates the programme
        """
        self.ensure_one()
        # sudo: whom a task of the portal goes to
        partner = self.sudo()
        user = partner.user_id
        if user and user.has_group("crm_partner.group_partner_user"):
            return user
        company = partner.grade_id.company_id or partner.company_id or self.env.company
        return self._programme_administrators(company)[:1]

    @api.model
    def _programme_administrators(self, company):
        """Return the people who administrate the programme of ``company`` (superuser)."""
        # sudo: whom a task goes to
        group = self.env.ref("crm_partner.group_partner_manager").sudo()
        return group.all_user_ids.filtered(
            lambda user: user.active and not user.share and company in user.company_ids
        ).sorted("id")

    # --- programme: onboarding ---

    def _create_onboarding(self):
        """Give each partner the tasks of its level that it has not had yet."""
        today = fields.Date.context_today(self)
        # sudo: the checklist comes with the level, whoever gave that
        items = self.env["crm.partner.onboarding"].sudo()
        tasks = self.env["crm.partner.onboarding.task"].sudo()
        for company, partners in self.sudo()._by_programme().items():
            everything = items.search([("company_id", "in", (company.id, False))])
            had = tasks.search([("partner_id", "in", partners.ids)])
            known = {(task.partner_id, task.item_id) for task in had}
            unlocked(tasks).create(
                [
                    {
                        "partner_id": partner.id,
                        "company_id": company.id,
                        "item_id": item.id,
                        "deadline": today + timedelta(days=item.days),
                    }
                    for partner in partners
                    for item in everything
                    if (not item.grade_ids or partner.grade_id in item.grade_ids)
                    and (partner, item) not in known
                ]
            )

    def _onboarding_reached(self, event):
        """Tick off the open tasks that ``event`` (``reached_by`` of an item) settles.

        Hook for others: ``agreement``, ``certificate``, ``team``.
        """
        # sudo: a consequence of what the user was allowed to do
        tasks = self.env["crm.partner.onboarding.task"].sudo()
        tasks.search(
            [
                ("partner_id", "in", self.ids),
                ("state", "=", "open"),
                ("reached_by", "=", event),
            ]
        )._done("done")

    def _onboarding_share(self):
        """Return {partner id: (tasks settled, tasks)} in one query."""
        rows = (
            self.env["crm.partner.onboarding.task"]
            .sudo()  # sudo: numbers of partners at hand
            ._read_group([("partner_id", "in", self.ids)], ["partner_id", "state"], ["__count"])
        )
        shares = {}
        for partner, state, count in rows:
            done, total = shares.get(partner.id, (0, 0))
            shares[partner.id] = (done + (count if state != "open" else 0), total + count)
        return shares

    # --- programme: distributor tree ---

    @api.model
    def _channel_tree(self, partner):
        """Return the ids of ``partner`` and of every distributor below, in one query.

        The caller has checked that the partners may be looked at.
        """
        self.env["res.partner"].flush_model(["channel_parent_id"])
        rows = self.env.execute_query(
            SQL(
                """
                WITH RECURSIVE tree(id) AS (
                    SELECT unnest(%s::int[])
                    UNION
                    SELECT child.id
                      FROM res_partner AS child
                      JOIN tree ON child.channel_parent_id = tree.id
                )
                SELECT id FROM tree ORDER BY id
                """,
                partner.ids,
            )
        )
        return [row[0] for row in rows]

    def _channel_domain(self):
        """Return the domain of the companies that take part in a programme."""
        return Domain("grade_id", "!=", False)

    # --- programme: actions ---

    def action_view_partner_certificates(self):
        """Open the certificates of people of this partner."""
        return self._programme_action(
            "crm.partner.certificate", self.env._("Certificates of %s", self.display_name)
        )

    def action_view_partner_agreements(self):
        """Open the agreements with this partner."""
        return self._programme_action(
            "crm.partner.agreement", self.env._("Agreements with %s", self.display_name)
        )

    def _programme_action(self, model, name):
        self.ensure_one()
        company = self.commercial_partner_id
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "list,form",
            "domain": [("partner_id", "=", company.id)],
            "context": {"default_partner_id": company.id},
        }

    def action_view_level_history(self):
        """Open what happened to the level of this partner."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Level of %s", self.display_name),
            "res_model": "crm.partner.level.history",
            "view_mode": "list,form",
            "domain": [("partner_id", "=", self.commercial_partner_id.id)],
        }

    # --- deal registration ---

    def _deal_match_values(self):
        """Return this company as values for ``crm.deal.matcher._subject``."""
        self.ensure_one()
        names = (
            "name", "phone", "email", "vat", "company_registry", "website", "street", "street2",
            "city", "zip", "country_id",
        )  # fmt: skip
        return {name: self[name] for name in names}

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

    def _rebate_tree(self):
        """Return the companies whose purchases count with those of ``self``: all below it.

        Below is who names it as parent company or as the distributor above it.
        """
        names = [name for name in ("parent_id", "channel_parent_id") if name in self._fields]
        found, level = self, self
        while level:
            domain = Domain.OR(Domain(name, "in", level.ids) for name in names)
            # sudo: whoever opens an agreement need not see every company of a tree
            level = self.sudo().search(domain & Domain("is_company", "=", True)) - found
            found |= level
        return found

    def _rebate_tree_changed(self, vals):
        """Have agreements over whole trees follow a change of the tree."""
        if not vals.keys() & set(TREE_FIELDS):
            return
        # sudo: the agreements follow, whoever changes the contact
        participants = self.env["crm.rebate.participant"].sudo()
        trees = participants.search(
            [
                ("agreement_id.participation", "=", "tree"),
                ("agreement_id.state", "in", ("draft", "active")),
            ]
        )
        if trees:
            self.env.add_to_compute(trees._fields["buyer_ids"], trees)
            trees.agreement_id.filtered(lambda a: a.state == "active")._mark_dirty()

    # --- people in the portal ---

    def _partner_people(self, *roles):
        """Return the contacts of these partner companies whose portal users have one of ``roles``.

        :return: ``res.partner`` (superuser), the company itself where nobody has a role
        """
        # sudo: who of a partner's team is told something
        companies = self.sudo().commercial_partner_id
        users = companies.env["res.users"].search(
            [("partner_id", "child_of", companies.ids), ("share", "=", True)]
        )
        found = users.filtered(
            lambda user: any(user.has_group(f"crm_partner.group_portal_{role}") for role in roles)
        ).partner_id
        return found | (companies - found.commercial_partner_id)

    def _channel_serialize(self):
        """Let transactions that decide on something scarce of this partner follow one another.

        A lock alone is not enough: a transaction that waited still sees what was before. So the
        row is written too, and whoever began earlier is retried by the server and sees it all.

        :raise ConcurrencyError: when another transaction is at it; the server retries
        """
        self.ensure_one()
        try:
            self.lock_for_update(allow_referencing=True)
        except LockError as error:
            raise ConcurrencyError(str(error)) from error
        # sudo: the callers checked who acts; this is a counter and nothing else
        partner = self.sudo()
        partner.channel_turn += 1
        partner.flush_recordset(["channel_turn"])

    @api.depends("grade_id")
    def _compute_channel_team_count(self):
        # sudo: how many people of a partner may log in, nothing else
        users = (
            self.env["res.users"]
            .sudo()
            .search([("partner_id.commercial_partner_id", "in", self.ids), ("share", "=", True)])
        )
        counts = Counter(user.partner_id.commercial_partner_id.id for user in users)
        for partner in self:
            partner.channel_team_count = counts[partner.id]

    def action_channel_team(self):
        """Open who of the partner works in the portal, and as what."""
        self.ensure_one()
        partner = self.commercial_partner_id
        return self.env["crm.partner.team.wizard"].create({"partner_id": partner.id})._load()

    @api.depends("diversion_case_ids.state")
    def _compute_diversion_count(self):
        counts = {}
        if self.env["crm.diversion.case"].has_access("read"):
            counts = dict(
                self.env["crm.diversion.case"]._read_group(
                    [("partner_id", "in", self.ids), ("state", "!=", "dismissed")],
                    ["partner_id"],
                    ["__count"],
                )
            )
        for partner in self:
            partner.diversion_count = counts.get(partner, 0)

    def action_diversion_cases(self):
        """Open the diversion cases of this partner."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_partner.crm_diversion_case_action"
        )
        action["domain"] = [("partner_id", "=", self.commercial_partner_id.id)]
        action["context"] = {}
        return action

    def _diversion_covers(self, country, state, city):
        """Whether this partner company may sell at a place.

        Asks the coverage of the partner (``_channel_covers`` of the lead distribution); without
        any coverage it is everywhere. A programme may extend it, for example by what the partners
        below a distributor cover.
        """
        self.ensure_one()
        return self._channel_covers(country, state, None, city)
