from collections import defaultdict

from markupsafe import Markup

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, LockError, UserError, ValidationError
from odoo.tools import SQL

from .crm_merge_engine import Repoint
from .crm_merge_golden import ADDRESS, Group
from .crm_merge_undo import Undo

OPEN = ("draft", "to_approve")
SHOW = {"active_test": False, "show_merged": True}

MERGED_ALREADY = """SELECT m.merge_id, STRING_AGG(p.name, ', ') FROM {members} m
                      JOIN res_partner p ON p.id = m.id
                     WHERE p.merged_into_id IS NOT NULL GROUP BY 1"""


class CrmMerge(models.Model):
    """Several records about one customer become one, and can be separated again.

    The merged records stay as empty, archived rows with their id, which lead to the survivor;
    everything that referenced them references the survivor. The journal says how it was before.
    """

    _name = "crm.merge"
    _description = "Merge of Customers"
    _inherit = ["mail.thread", "mail.activity.mixin", "crm.approval.mixin"]
    _order = "id desc"

    name = fields.Char(compute="_compute_name", store=True)
    partner_ids = fields.Many2many(
        "res.partner",
        "crm_merge_partner_rel",
        "merge_id",
        "partner_id",
        "Records",
        required=True,
        context=SHOW,
    )
    partner_count = fields.Integer("Number of Records", compute="_compute_name", store=True)
    survivor_id = fields.Many2one(
        "res.partner",
        required=True,
        index=True,
        ondelete="restrict",
        domain="[('id', 'in', partner_ids)]",
        context=SHOW,
        help="The record that stays. Whose values it gets is decided field by field below.",
    )
    source = fields.Selection(
        [("manual", "By Hand"), ("match", "Duplicate Search")], default="manual", readonly=True
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("to_approve", "To Approve"),
            ("done", "Merged"),
            ("undone", "Undone"),
            ("cancelled", "Cancelled"),
        ],
        default="draft",
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
    )
    company_id = fields.Many2one(
        "res.company", compute="_compute_company_id", store=True, compute_sudo=True
    )
    value_ids = fields.One2many("crm.merge.value", "merge_id", "Golden Record", copy=False)
    problem = fields.Text(compute="_compute_problem", compute_sudo=True)
    control_reason = fields.Text(
        "Needs Approval Because", compute="_compute_control_reason", compute_sudo=True
    )
    choices_text = fields.Text("Chosen Values", compute="_compute_choices_text")
    date_done = fields.Datetime("Merged On", readonly=True, copy=False)
    user_done_id = fields.Many2one("res.users", "Merged By", readonly=True, copy=False)
    date_undone = fields.Datetime("Undone On", readonly=True, copy=False)
    user_undone_id = fields.Many2one("res.users", "Undone By", readonly=True, copy=False)
    undo_report = fields.Html("What Stayed", readonly=True, copy=False)
    journal_count = fields.Integer("Journal Entries", compute="_compute_journal_count")
    may_merge = fields.Boolean(compute="_compute_may_merge")

    # --- computes ---

    @api.depends("survivor_id", "partner_ids")
    def _compute_name(self):
        for merge in self:
            # sudo: a proposal is named after its survivor, whoever may read that now
            merge.name = merge.sudo().survivor_id.name or self.env._("Merge")
            merge.partner_count = len(merge.partner_ids)

    @api.depends("partner_ids.company_id")
    def _compute_company_id(self):
        for merge in self:
            merge.company_id = merge.partner_ids.company_id[:1]

    @api.depends("partner_ids", "survivor_id", "state")
    def _compute_problem(self):
        open_ones = self.filtered(lambda merge: merge.state in OPEN)
        problems = open_ones._origin._problems()
        for merge in self:
            merge.problem = "\n".join(problems.get(merge._origin.id, ())) or False

    @api.depends("partner_ids", "survivor_id")
    @api.depends_context("uid")
    def _compute_control_reason(self):
        reasons = self._origin._control_reasons()
        for merge in self:
            merge.control_reason = "\n".join(reasons.get(merge._origin.id, ())) or False

    @api.depends("value_ids.chosen_id")
    def _compute_choices_text(self):
        for merge in self:
            chosen = sorted((value.field_name, value.chosen_id.id) for value in merge.value_ids)
            merge.choices_text = "\n".join(f"{name}: {chosen_id}" for name, chosen_id in chosen)

    def _compute_journal_count(self):
        counts = dict(
            # sudo: the number alone; the entries have rights of their own
            self.env["crm.merge.journal"]
            .sudo()
            ._read_group([("merge_id", "in", self.ids)], ["merge_id"], ["__count"])
        )
        for merge in self:
            merge.journal_count = counts.get(merge, 0)

    @api.depends_context("uid")
    def _compute_may_merge(self):
        self.may_merge = self._user_may_merge()

    @api.model
    def _user_may_merge(self):
        return self.env.user.has_group("crm_customer.group_customer_manager")

    # --- constraints ---

    @api.constrains("partner_ids", "survivor_id")
    def _check_partners(self):
        for merge in self:
            if len(merge.partner_ids) < 2:
                raise ValidationError(self.env._("A merge needs two records at least."))
            if merge.survivor_id not in merge.partner_ids:
                raise ValidationError(self.env._("The survivor must be one of the records."))

    # --- CRUD ---

    @api.model_create_multi
    def create(self, vals_list):
        """Propose the values that survive of customers whom the user may read.

        :raises UserError: a state or a result is given
        """
        for vals in vals_list:
            self._refuse_own_fields(vals, {"partner_ids", "survivor_id", "source"})
        merges = super().create(vals_list)
        merges.partner_ids.check_access("read")
        merges._refresh_values()
        return merges

    def write(self, vals):
        """Change customers, survivor or values of a draft; the proposal follows.

        :raises UserError: it is no draft, or a state or a result is given
        """
        self._refuse_own_fields(vals, {"partner_ids", "survivor_id", "value_ids"})
        changes = vals.keys() & {"partner_ids", "survivor_id"}
        if changes or "value_ids" in vals:
            self._check_draft()
        result = super().write(vals)
        if changes:
            self.partner_ids.check_access("read")
            self._refresh_values()
        return result

    def _refuse_own_fields(self, vals, allowed):
        """States and results are written by methods only, which run as superuser."""
        theirs = set(self.env["mail.thread"]._fields) | set(self.env["mail.activity.mixin"]._fields)
        wrong = [name for name in vals if name not in allowed | theirs and name in self._fields]
        if not self.env.su and any(name not in ("name",) for name in wrong):
            raise UserError(
                self.env._(
                    "%s: merges change by their buttons only.",
                    ", ".join(self._fields[name]._description_string(self.env) for name in wrong),
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_only_draft(self):
        if any(merge.state not in ("draft", "cancelled") for merge in self):
            raise UserError(
                self.env._("Merges that were carried out or await an approval cannot be deleted.")
            )

    def _check_draft(self):
        if any(merge.state != "draft" for merge in self):
            raise UserError(
                self.env._("The merge is no longer a draft. Set it back to draft to change it.")
            )

    # --- entry points ---

    @api.model
    def create_for(self, partners, survivor=None, source="manual"):
        """Return a new draft of the merge of some customers.

        :param partners: two records at least, which the user may read
        :param survivor: the one that stays; without, the one with users, journal items, and the
            most values
        :param str source: ``manual`` or ``match``
        :raise UserError: if there are fewer than two
        """
        partners = partners.with_context(**SHOW).exists()
        if len(partners) < 2:
            raise UserError(self.env._("Choose two records or more to merge."))
        survivor = survivor or self._default_survivor(partners)
        return self.create(
            {
                "partner_ids": [Command.set(partners.ids)],
                "survivor_id": survivor.id,
                "source": source,
            }
        )

    @api.model
    def _default_survivor(self, partners):
        """Return the record that it is the least trouble to keep."""
        partners.check_access("read")
        # sudo: users and journal items count, even those of other departments
        ids = self.env.execute_query(
            SQL(
                """
                SELECT p.id FROM res_partner p, LATERAL (
                       SELECT COUNT(*) AS filled FROM jsonb_each(to_jsonb(p)) e
                        WHERE e.value NOT IN ('null', 'false', '""')) v
                 WHERE p.id = ANY(%s)
              ORDER BY EXISTS (SELECT FROM res_company c WHERE c.partner_id = p.id) DESC,
                       EXISTS (SELECT FROM res_users u WHERE u.partner_id = p.id) DESC,
                       EXISTS (SELECT FROM account_move_line l JOIN account_move m
                                   ON m.id = l.move_id WHERE l.partner_id = p.id
                                  AND m.inalterable_hash IS NOT NULL) DESC,
                       EXISTS (SELECT FROM account_move_line l WHERE l.partner_id = p.id) DESC,
                       p.active DESC, v.filled DESC, p.id LIMIT 1
                """,
                partners.ids,
            )
        )
        return partners.browse(ids[0])

    @api.model
    def _golden_keys(self):
        """Return the names of the fields that a survivorship rule can decide on."""
        return self.env["crm.merge.golden"]._keys()

    def action_refresh(self):
        """Apply the rules again; choices by hand are lost."""
        self._check_draft()
        self.check_access("write")
        self._refresh_values()

    def action_merge(self):
        """Merge, or ask for the approval that is needed first."""
        self.check_access("write")
        if any(merge.state not in OPEN for merge in self):
            raise UserError(self.env._("Only a draft, or what was approved, can be merged."))
        self._raise_problems()
        missing = self._approval_missing("merge")
        if missing:
            missing._approval_request("merge")
            # sudo: the state is written by methods only; the write access was checked above
            missing.sudo().state = "to_approve"
        ready = self - missing
        if ready:
            ready._check_rights()
            ready._execute()
        return True

    def _check_rights(self):
        if not self._user_may_merge():
            raise AccessError(
                self.env._("You may propose merges; customer data administrators carry them out.")
            )
        self.partner_ids.check_access("write")

    def action_cancel(self):
        """Give up merges that are not carried out; they can be made drafts again."""
        self.check_access("write")
        if any(merge.state not in OPEN for merge in self):
            raise UserError(self.env._("Only a merge that is still open can be cancelled."))
        self.sudo().state = "cancelled"  # sudo: checked above

    def action_draft(self):
        """Take back merges that wait for approval or were cancelled, to change them."""
        self.check_access("write")
        if any(merge.state not in ("to_approve", "cancelled") for merge in self):
            raise UserError(self.env._("Only a merge that is not carried out can be a draft."))
        self.sudo().state = "draft"  # sudo: checked above

    def action_undo(self):
        """Restore the records as they were.

        What was created since stays with the survivor; values that were changed since stay, and
        are listed in ``undo_report``.

        :raise UserError: unless merged, and where a later merge must be undone before
        """
        self.check_access("write")
        self._check_rights()
        for merge in self.sorted("id", reverse=True):
            merge.sudo()._undo()  # sudo: rights on the merge and its customers are checked
        return True

    def action_open_journal(self):
        """Open the entries of the journal."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_customer.crm_merge_journal_action"
        )
        return {**action, "domain": [("merge_id", "in", self.ids)]}

    def action_open_survivor(self):
        """Open the customer that the records became."""
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "res_id": self.survivor_id.id,
            "views": [(False, "form")],
        }

    # --- approval ---

    def _approval_operations(self):
        return sorted({*super()._approval_operations(), "merge"})

    def _approval_fallback_group(self, operation):
        if operation == "merge" and self._control_reasons():
            return self.env.ref("crm_approval.group_approval_manager")
        return super()._approval_fallback_group(operation)

    def _approval_snapshot_fields(self, operation):
        return ["partner_ids", "survivor_id", "choices_text", "control_reason"]

    def _approval_granted(self, request):
        """Carry out what was approved; the approval is checked once more."""
        result = super()._approval_granted(request)
        self._approval_gate("merge")
        waiting = self.filtered(lambda merge: merge.state == "to_approve")
        waiting._raise_problems()
        waiting._execute()
        return result

    def _control_reasons(self):
        """Return {merge id: [why a second person must approve]}; for other addons."""
        reasons = defaultdict(list)
        if not self.ids:
            return reasons
        members = self._sql_members()
        booked = SQL(
            "SELECT DISTINCT m.merge_id FROM (%s) m WHERE EXISTS ("
            " SELECT FROM account_move_line l"
            "  WHERE l.partner_id = m.id AND l.parent_state = 'posted')",
            members,
        )
        numbers = SQL(
            """
            SELECT m.merge_id FROM (%s) m JOIN res_partner p ON p.id = m.id GROUP BY m.merge_id
            HAVING COUNT(DISTINCT UPPER(REPLACE(NULLIF(p.vat, ''), ' ', ''))) > 1
                OR COUNT(DISTINCT UPPER(REPLACE(NULLIF(p.company_registry, ''), ' ', ''))) > 1
            """,
            members,
        )
        for query, text in (
            (booked, self.env._("There are posted journal entries.")),
            (numbers, self.env._("The tax IDs or registry numbers are different.")),
        ):
            for (merge_id,) in self.env.execute_query(query):
                reasons[merge_id].append(text)
        if not self._user_may_merge():
            for merge in self:
                reasons[merge.id].append(
                    self.env._("It was proposed by somebody who may not merge.")
                )
        return reasons

    # --- checks ---

    def _sql_members(self):
        """Return a query of merge_id, id and whether it is the survivor."""
        self.flush_model(["partner_ids", "survivor_id"])
        return SQL(
            "SELECT r.merge_id, r.partner_id AS id, r.partner_id = g.survivor_id AS survives,"
            " g.survivor_id FROM crm_merge_partner_rel r JOIN crm_merge g ON g.id = r.merge_id"
            " WHERE r.merge_id = ANY(%s)",
            self.ids,
        )

    def _raise_problems(self):
        problems = self._problems()
        for merge in self:
            if problems.get(merge.id):
                raise UserError(
                    self.env._(
                        "“%(name)s” cannot be merged:\n%(problems)s",
                        name=merge.name,
                        problems="\n".join(problems[merge.id]),
                    )
                )

    def _problems(self):
        """Return {merge id: [what is in the way, and what to do]}, by one query a rule."""
        result = defaultdict(list)
        if not self.ids:
            return result
        self.env.flush_all()
        members = self._sql_members()
        for query, message in self._problem_queries():
            for merge_id, names in self.env.execute_query(
                SQL(query.replace("{members}", "(%(members)s)"), members=members)
            ):
                result[merge_id].append(message(names))
        return result

    def _problem_queries(self):
        """Return (query of merge_id and names, function that makes the message) of each rule."""
        return [
            *self._problems_of_records(),
            *self._problems_of_roles(),
            *self._problems_of_accounting(),
        ]

    def _problems_of_records(self):
        """Two records at least, none merged before, of one company."""
        return [
            (
                """SELECT m.merge_id, NULL FROM {members} m GROUP BY 1
                   HAVING COUNT(*) < 2 OR NOT BOOL_OR(m.survives)""",
                lambda names: self.env._("There must be two records, one of them the survivor."),
            ),
            (
                MERGED_ALREADY,
                lambda names: self.env._("%s: merged into another record already.", names),
            ),
            (
                """SELECT m.merge_id, STRING_AGG(DISTINCT c.name, ', ') FROM {members} m
                     JOIN res_partner p ON p.id = m.id JOIN res_company c ON c.id = p.company_id
                    GROUP BY 1 HAVING COUNT(DISTINCT p.company_id) > 1""",
                lambda names: self.env._(
                    "The records belong to different companies: %s. Share them first, or leave"
                    " them separate.",
                    names,
                ),
            ),
        ]

    def _problems_of_roles(self):
        """Users, companies and parents that the records are besides."""
        return [
            (
                """SELECT m.merge_id, STRING_AGG(u.login, ', ') FROM {members} m
                     JOIN res_users u ON u.partner_id = m.id
                    GROUP BY 1 HAVING COUNT(*) > 1""",
                lambda names: self.env._(
                    "Several users (%s) log in with these records, even if only one is active."
                    " Give the other users a contact of their own first.",
                    names,
                ),
            ),
            (
                """SELECT m.merge_id, STRING_AGG(c.name, ', ') FROM {members} m
                     JOIN res_company c ON c.partner_id = m.id
                    WHERE NOT m.survives GROUP BY 1""",
                lambda names: self.env._("This is your company %s. Make it the survivor.", names),
            ),
            (
                """SELECT DISTINCT a.merge_id, p.name FROM (
                     WITH RECURSIVE up AS (
                       SELECT m.merge_id, m.id, p.parent_id FROM {members} m
                         JOIN res_partner p ON p.id = m.id
                        UNION SELECT up.merge_id, up.id, p.parent_id FROM up
                         JOIN res_partner p ON p.id = up.parent_id)
                     SELECT * FROM up) a
                     JOIN {members} m ON m.merge_id = a.merge_id AND m.id = a.parent_id
                     JOIN res_partner p ON p.id = a.id""",
                lambda names: self.env._(
                    "%s belongs to another one of these records. Remove the company there first.",
                    names,
                ),
            ),
        ]

    def _problems_of_accounting(self):
        """Journal items that name one of the records for good."""
        return [
            (
                """SELECT m.merge_id, MIN(p.name) FROM {members} m
                     JOIN res_partner p ON p.id = m.id
                    WHERE NOT m.survives AND EXISTS (
                          SELECT FROM account_move_line l JOIN account_move v ON v.id = l.move_id
                           WHERE l.partner_id = m.id AND v.inalterable_hash IS NOT NULL)
                    GROUP BY 1""",
                lambda names: self.env._(
                    "%s has journal entries sealed by a hash that names the customer. Make it the"
                    " survivor; two customers with sealed entries stay separate.",
                    names,
                ),
            ),
            (
                """SELECT m.merge_id, MIN(p.name) FROM {members} m
                     JOIN res_partner p ON p.id = m.id
                     JOIN res_partner s ON s.id = m.survivor_id
                LEFT JOIN {members} o ON o.merge_id = m.merge_id
                                     AND o.id = p.commercial_partner_id
                    WHERE NOT m.survives
                      AND COALESCE(o.survivor_id, p.commercial_partner_id)
                          <> s.commercial_partner_id
                      AND (EXISTS (SELECT FROM account_move v WHERE v.partner_id = m.id)
                        OR EXISTS (SELECT FROM account_move_line l WHERE l.partner_id = m.id))
                    GROUP BY 1""",
                lambda names: self.env._(
                    "%s has invoices or journal items, which would move to another company. Make"
                    " it the survivor, or merge the companies first.",
                    names,
                ),
            ),
        ]

    # --- preview ---

    def _groups(self):
        """Return the :class:`Group` of each merge."""
        members = defaultdict(list)
        for merge_id, partner_id, survives, survivor_id in self.env.execute_query(
            SQL("%s ORDER BY r.merge_id, r.partner_id", self._sql_members())
        ):
            members[merge_id, survivor_id] += [] if survives else [partner_id]
        overrides = defaultdict(dict)
        for value in self.value_ids:
            if value.reason == "manual":
                overrides[value.merge_id.id][value.field_name] = value.chosen_id.id
        return [
            Group(merge_id, survivor_id, tuple(losers), overrides[merge_id])
            for (merge_id, survivor_id), losers in members.items()
        ]

    def _refresh_values(self):
        """Write the lines of the preview anew."""
        if self.env.context.get("crm_merge_bulk"):
            return
        golden = self.env["crm.merge.golden"]
        self.env.flush_all()
        self.value_ids.sudo().unlink()  # sudo: lines are made and removed with the document
        strategies = self.env["crm.merge.rule"]._strategies()
        vals_list = []
        for group in self._groups():
            rows = golden._load(group.ids)
            choices = golden._choices(group, rows, golden._sources(group.ids), strategies)
            vals_list += self._prepare_value_vals(group, choices)
        self.env["crm.merge.value"].sudo().create(vals_list)  # sudo: as above

    def _prepare_value_vals(self, group, choices):
        """Return the lines of fields that have a value, those that differ first."""
        # sudo: what is shown was read by somebody who may read these customers; see create
        partners = self.env["res.partner"].sudo().with_context(**SHOW).browse(group.ids)
        result = []
        for key, choice in choices.items():
            if choice.reason == "empty":
                continue
            shown = {str(partner.id): self._shown(partner, key) for partner in partners}
            differs = choice.reason not in ("agree", "only")
            result.append(
                {
                    "merge_id": group.merge_id,
                    "sequence": 1 if differs else 2 if choice.reason == "only" else 3,
                    "field_name": key,
                    "chosen_id": choice.id,
                    "rule_chosen_id": choice.id,
                    "rule_reason": choice.reason,
                    "differs": differs,
                    "shown": shown,
                }
            )
        return result

    @api.model
    def _shown(self, partner, key):
        """Return the value of a field as text, of the street the whole address."""
        if key == ADDRESS[0]:
            parts = (self._text(partner, name) for name in ADDRESS[:6])
            return ", ".join(part for part in parts if part)
        return self._text(partner, key)

    @staticmethod
    def _text(partner, name):
        field, value = partner._fields[name], partner[name]
        if field.relational:
            return value.display_name or ""
        if field.type == "selection":
            return dict(field._description_selection(partner.env)).get(value, value) or ""
        if field.type == "boolean":
            return "✓" if value else ""
        return str(field.convert_to_display_name(value, partner) or "") if value else ""

    # --- the work ---

    def _execute(self):
        """Merge, all documents together; callers have checked rights, problems and approvals.

        All or nothing: a failure leaves every record as it was.
        """
        merges = self.sudo()  # sudo: everything moves, also what the user may not see
        with self.env.cr.savepoint():
            merges._lock()
            if any(merge.state not in OPEN for merge in merges):
                raise UserError(self.env._("The merge was carried out in the meantime."))
            merges._apply()
            merges.write(
                {
                    "state": "done",
                    "date_done": fields.Datetime.now(),
                    "user_done_id": self.env.uid,
                }
            )
            merges._post_done()

    def _lock(self):
        """Keep others from merging or changing the same customers until the end."""
        partners = self.env["res.partner"].browse(
            row[1] for row in self.env.execute_query(self._sql_members())
        )
        try:
            self.lock_for_update()
            partners.lock_for_update()
        except LockError as error:
            raise UserError(
                self.env._(
                    "Somebody is changing or merging one of these customers right now. Try again"
                    " in a moment."
                )
            ) from error

    def _apply(self):
        """Move everything and write the golden records, in a few statements a table."""
        self.env.flush_all()
        groups = self._groups()
        pairs = [pair for group in groups for pair in group.pairs]
        run = Repoint(self.env)
        with run.with_pairs(pairs):
            self.env["crm.merge.engine"]._before_repoint(run)
            run.everything("res_partner", "res.partner")
            self.env["crm.merge.golden"]._write(run, groups)
            self._move_images(run)
            self._sync_commercial(run)
        self._after_change(groups, run.touched)

    @api.model
    def _move_images(self, run):
        """Give a survivor without a picture that of the first merged record that has one."""
        run.record(
            "point",
            "ir_attachment",
            SQL(
                """
                UPDATE ir_attachment t SET res_id = w.survivor FROM (
                       SELECT DISTINCT ON (p.survivor) p.* FROM %s p
                         JOIN ir_attachment a ON a.res_model = 'res.partner'
                          AND a.res_id = p.loser AND a.res_field = 'image_1920'
                        WHERE NOT EXISTS (
                              SELECT FROM ir_attachment o WHERE o.res_model = 'res.partner'
                                 AND o.res_id = p.survivor AND o.res_field = 'image_1920')
                     ORDER BY p.survivor, p.loser) w
                 WHERE t.res_model = 'res.partner' AND t.res_id = w.loser
                   AND t.res_field LIKE 'image\\_%%'
             RETURNING w.merge_id, t.id AS keys, to_jsonb(w.loser) AS old,
                       to_jsonb(w.survivor) AS new
                """,
                run.pairs,
            ),
            "res_id",
        )

    @api.model
    def _sync_commercial(self, run):
        """Let documents of the survivors name the company that the survivor belongs to."""
        for model in self.env["crm.merge.engine"]._stored_models():
            field = model._fields.get("commercial_partner_id")
            partner = model._fields.get("partner_id")
            if (
                not (field and field.store and partner and partner.store)
                or field.inherited
                or partner.comodel_name != "res.partner"
                or model._transient
            ):
                continue
            run.update_rows(
                model._table,
                ["commercial_partner_id"],
                SQL(
                    "SELECT t.id, s.merge_id, p.commercial_partner_id FROM %s t"
                    " JOIN (SELECT DISTINCT merge_id, survivor FROM %s) s"
                    "   ON s.survivor = t.partner_id JOIN res_partner p ON p.id = t.partner_id",
                    SQL.identifier(model._table),
                    run.pairs,
                ),
            )

    @api.model
    def _after_change(self, groups, touched):
        """Forget what is cached, and let other addons catch up."""
        self.env.invalidate_all()
        if touched & {"res_users", "res_company", "ir_default", "ir_model_data"}:
            self.env.registry.clear_all_caches()
        partners = self.env["res.partner"].browse(
            partner_id for group in groups for partner_id in group.ids
        )
        partners.with_context(**SHOW)._after_merge()

    def _post_done(self):
        """Say on each survivor what was merged into it."""
        bodies = {}
        for merge in self:
            others = merge.partner_ids - merge.survivor_id
            bodies[merge.survivor_id.id] = self.env._(
                "Merged with: %(names)s. %(link)s",
                names=", ".join(f"{other.name} (ID {other.id})" for other in others),
                link=merge._link(),
            )
        self.survivor_id._message_log_batch(bodies)

    def _link(self):
        return Markup('<a href="#" data-oe-model="%s" data-oe-id="%s">%s</a>') % (
            self._name,
            self.id,
            self.env._("Open the merge"),
        )

    # --- undo ---

    def _undo(self):
        self.ensure_one()
        with self.env.cr.savepoint():
            self._lock()
            if self.state != "done":
                raise UserError(self.env._("Only a merge that was carried out can be undone."))
            self._refuse_later_merges()
            self.env.flush_all()
            undo = Undo(self.env)
            undo.run(self.id)
            self._after_change(self._groups(), {"res_users", "ir_default", "ir_model_data"})
            self.write(
                {
                    "state": "undone",
                    "date_undone": fields.Datetime.now(),
                    "user_undone_id": self.env.uid,
                    "undo_report": self._undo_report(undo.notes),
                }
            )
            self.partner_ids._message_log_batch(
                {
                    partner.id: self.env._("The merge was undone. %s", self._link())
                    for partner in self.partner_ids
                }
            )

    def _refuse_later_merges(self):
        later = self.search(
            [
                ("id", "!=", self.id),
                ("state", "=", "done"),
                ("partner_ids", "in", self.partner_ids.ids),
            ]
        ).filtered(lambda merge: (merge.date_done, merge.id) > (self.date_done, self.id))
        if later:
            raise UserError(
                self.env._(
                    "These records were merged again later. Undo that merge first: %s",
                    ", ".join(f"{merge.name} ({merge.id})" for merge in later),
                )
            )

    def _undo_report(self, notes):
        """Return the notes of an undo as a table."""
        if not notes:
            return Markup("<p>%s</p>") % self.env._("Everything is as it was before the merge.")
        rows = Markup().join(
            Markup("<tr><td>%s</td><td>%s</td><td>%s</td></tr>") % self._undo_row(*note)
            for note in notes
        )
        head = Markup("<tr><th>%s</th><th>%s</th><th>%s</th></tr>") % (
            self.env._("Where"),
            self.env._("What Happened"),
            self.env._("Kept, and Before the Merge"),
        )
        return Markup("<table class='table table-sm'>%s%s</table>") % (head, rows)

    def _undo_row(self, reason, table, column, ids, values):
        texts = {
            "changed": self.env._("Changed since: the later value stays"),
            "deleted": self.env._("Deleted since: nothing to restore"),
            "needed": self.env._("What it belongs to was deleted since"),
            "gone": self.env._("The table is gone: its addon was removed"),
        }
        where, label = self._place_label(table, column)
        count = len(ids) if isinstance(ids, list) else ids
        kept = ""
        if values and "before" in values:
            now = next(value for key, value in values.items() if key != "before")
            kept = f"{now if now is not None else '—'} / {values['before'] or '—'}"
        place = f"{where}, {label}" if label else where
        number = f" #{ids[0]}" if isinstance(ids, list) and count == 1 else f" ({count})"
        return place + number, texts[reason], kept

    @api.model
    def _place_label(self, table, column):
        model = next((m for m in self.env.registry.values() if m._table == table), None)
        if model is None or model._abstract:
            return table, column or ""
        field = model._fields.get(column)
        label = field._description_string(self.env) if field else column
        return self.env["ir.model"]._get(model._name).name or table, label or ""

    # --- many at once ---

    @api.model
    @api.private
    def _merge_groups(self, groups, source="match"):
        """Merge many groups by the rules in a few statements, whatever their size.

        :param groups: list of (partners, survivor or None); no customer in two groups
        :return: the documents; those that need an approval, or that something is in the way of,
            stay drafts with the reason on them
        :raise UserError: if a customer is in two groups
        """
        self.env["crm.merge"].check_access("create")
        merges = self._create_groups(groups, source)
        merges._check_rights()
        blocked = merges._problems().keys() | merges._control_reasons().keys()
        ready = merges.filtered(lambda merge: merge.id not in blocked)
        # The journal and the note on each survivor tell it; tracked states would add nothing.
        ready.with_context(mail_notrack=True)._execute()
        merges.filtered(lambda merge: merge.id in blocked)._refresh_values()
        return merges

    @api.model
    def _create_groups(self, groups, source):
        members = [partner_id for partners, _survivor in groups for partner_id in partners.ids]
        if len(members) != len(set(members)):
            raise UserError(self.env._("A customer is in two groups at once."))
        return (
            self.with_context(crm_merge_bulk=True, tracking_disable=True, mail_create_nolog=True)
            .create(
                [
                    {
                        "partner_ids": [Command.set(partners.ids)],
                        "survivor_id": (survivor or self._default_survivor(partners)).id,
                        "source": source,
                    }
                    for partners, survivor in groups
                ]
            )
            .with_env(self.env)
        )
