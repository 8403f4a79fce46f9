import logging
from functools import partial

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..engine import condition_tree
from .segment_query import CUSTOMER, SegmentQuery

_logger = logging.getLogger(__name__)

SAMPLE = 10
TOGETHER = 10  # segments that are refreshed by one statement
DEFINITION = {
    "kind",
    "company_id",
    "operator",
    "condition_ids",
    "static_partner_ids",
    "excluded_partner_ids",
    "excluded_segment_ids",
    "active",
}


class CrmSegment(models.Model):
    """Customers (commercial entities) who meet conditions, with the history of membership."""

    _name = "crm.segment"
    _description = "Customer Segment"
    _inherit = ["mail.thread"]
    _order = "name, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    description = fields.Text()
    company_id = fields.Many2one(
        "res.company",
        default=lambda self: self.env.company,
        help="Only events of this company count, and only its customers and shared ones. "
        "Empty: all companies.",
    )
    kind = fields.Selection(
        [("dynamic", "By conditions"), ("static", "List of customers")],
        default="dynamic",
        required=True,
        tracking=True,
    )
    operator = fields.Selection(
        [("all", "All of"), ("any", "At least one of"), ("none", "None of")],
        "Customers Meet",
        default="all",
        required=True,
    )
    condition_ids = fields.One2many("crm.segment.condition", "segment_id", "Conditions", copy=True)
    static_partner_ids = fields.Many2many(
        "res.partner", "crm_segment_static_rel", "segment_id", "partner_id", "Customers"
    )
    excluded_partner_ids = fields.Many2many(
        "res.partner", "crm_segment_excluded_rel", "segment_id", "partner_id", "Never These"
    )
    excluded_segment_ids = fields.Many2many(
        "crm.segment",
        "crm_segment_excluded_segment_rel",
        "segment_id",
        "excluded_id",
        "Nobody From",
    )
    sentence = fields.Text("In Words", compute="_compute_sentence")

    member_ids = fields.One2many("crm.segment.member", "segment_id", "Members")
    snapshot_ids = fields.One2many("crm.segment.snapshot", "segment_id", "Figures")
    member_count = fields.Integer("Number of Members", readonly=True, copy=False)
    trend = fields.Integer(
        compute="_compute_trend", help="Members more or less than some 30 days ago."
    )
    last_refresh = fields.Datetime(readonly=True, copy=False)
    last_attempt = fields.Datetime(readonly=True, copy=False)
    error = fields.Text(readonly=True, copy=False)

    # -- computes --

    @api.depends("kind", "operator", "condition_ids.summary", "static_partner_ids")
    @api.depends_context("lang")
    def _compute_sentence(self):
        for segment in self:
            segment.sentence = segment._in_words()

    @api.depends("member_count", "snapshot_ids.member_count")
    def _compute_trend(self):
        since = fields.Date.subtract(fields.Date.today(), days=30)
        rows = self.env["crm.segment.snapshot"].search_fetch(
            [("segment_id", "in", self.ids), ("date", ">=", since)],
            ["segment_id", "member_count"],
            order="date desc",
        )
        first = {row.segment_id.id: row.member_count for row in rows}
        for segment in self:
            segment.trend = segment.member_count - first.get(segment.id, segment.member_count)

    # -- checks --

    @api.constrains(*DEFINITION)
    def _check_definition(self):
        for segment in self:
            segment._check_circle()
            if segment.kind == "dynamic":
                segment._tree()
                for condition in segment.condition_ids:
                    condition._check_leaf()
            segment._check_currency()

    def _check_circle(self):
        references = self._references()
        try:
            condition_tree.order(references)
        except condition_tree.OutlineError as error:
            name = self.browse(error.row).sudo().display_name  # sudo: the name for the message
            raise ValidationError(
                self.env._(
                    'The segment "%s" would refer to itself, directly or through others. '
                    "Take one of the references out.",
                    name,
                )
            ) from error

    def _check_currency(self):
        amounts = self.condition_ids.filtered(lambda one: one.kind == "behaviour")
        if self.company_id or not any(amounts.mapped("min_amount")):
            return
        # sudo: currencies of all companies count, not those of the user
        if len(self.env["res.company"].sudo()._read_group([], ["currency_id"])) > 1:
            raise ValidationError(
                self.env._(
                    "An amount needs the company whose currency it is in, as the companies have "
                    "several: choose the company of the segment."
                )
            )

    def _references(self):
        """Return segment id → ids it refers to, for ``self`` and whatever these refer to."""
        references, todo = {}, self.sudo()  # sudo: references only, also of other companies
        while todo:
            for segment in todo:
                others = segment.condition_ids.other_segment_id | segment.excluded_segment_ids
                references[segment.id] = others.ids
            found = todo.condition_ids.other_segment_id | todo.excluded_segment_ids
            todo = found.filtered(lambda one: one.id not in references)
        return references

    def _in_order(self):
        """Return ``self`` with referred segments first."""
        wanted = set(self.ids)
        ids = [one for one in condition_tree.order(self._references()) if one in wanted]
        return self.browse(ids)

    # -- definition to SQL --

    def _tree(self):
        """Return the conditions as a tree.

        :raises ValidationError: for an empty group or a wrong indent
        """
        self.ensure_one()
        rows = self.condition_ids.sorted(lambda one: one.sequence)
        try:
            return condition_tree.build([(row, row.level, row.kind) for row in rows], self.operator)
        except condition_tree.OutlineError as error:
            raise ValidationError(self._outline_message(error)) from error

    def _outline_message(self, error):
        if error.row is None:
            return self.env._(
                'The segment "%s" has no condition: add one, or make it a list of customers.',
                self.name or "",
            )
        number = list(self.condition_ids.sorted(lambda one: one.sequence)).index(error.row) + 1
        if error.reason == "empty":
            return self.env._(
                "The group in row %s is empty: indent the rows below that belong to it, or "
                "delete it.",
                number,
            )
        return self.env._(
            "Row %s is indented, but there is no group above it that it belongs to.", number
        )

    def _partner_model(self):
        """Return res.partner as membership sees it: all customers, whoever looks."""
        company = self.company_id._origin
        context = {"active_test": True, "lang": None, "tz": "UTC"}
        if company:
            context["allowed_company_ids"] = company.ids
        return self.env["res.partner"].with_user(SUPERUSER_ID).with_context(**context)

    def _universe(self, query):
        """Return the conditions of every member: an active commercial entity of the company."""
        parts = [] if query.is_partial else [CUSTOMER]
        if self.company_id:
            company = self.company_id._origin.id
            parts.append(
                SQL("(res_partner.company_id IS NULL OR res_partner.company_id = %s)", company)
            )
        return parts

    def _member_sql(self, query):
        """Return a query of the ids (column ``id``) of all who should be members now.

        Every leaf is a comparison or a set that is joined once; groups are Boolean expressions
        over these, so that no nesting makes the database evaluate a set per customer.

        :param query: the :class:`SegmentQuery` that has the tables which the result reads
        """
        self.ensure_one()
        joins, where = [], self._universe(query)
        if self.kind == "static":
            where.append(self._static_sql())
        else:
            where.append(self._tree_sql(joins, query))
        where += self._exclusions_sql(joins, query)
        return SQL(
            "SELECT res_partner.id FROM %s%s WHERE %s",
            query.customers,
            SQL("").join(joins),
            SQL(" AND ").join(where),
        )

    def _tree_sql(self, joins, query):
        join = partial(self._joined, joins)
        return condition_tree.fold(
            self._tree(), lambda leaf: leaf._holds_sql(self, query, join), self._group_sql
        )

    @api.model
    def _group_sql(self, operator, parts):
        joint = SQL(" AND ") if operator == "all" else SQL(" OR ")
        return SQL("%s(%s)", SQL("NOT ") if operator == "none" else SQL(), joint.join(parts))

    @api.model
    def _joined(self, joins, members):
        """Join the set ``members`` (column id, unique) and return the test of being in it."""
        alias = SQL.identifier(f"set_{len(joins)}")
        joins.append(SQL(" LEFT JOIN (%s) %s ON %s.id = res_partner.id", members, alias, alias))
        return SQL("(%s.id IS NOT NULL)", alias)

    def _static_sql(self):
        entities = self.static_partner_ids._origin.sudo().commercial_partner_id  # sudo: ids only
        return SQL("res_partner.id = ANY(%s)", entities.ids)

    def _exclusions_sql(self, joins, query):
        parts = []
        # sudo: ids only
        excluded = self.excluded_partner_ids._origin.sudo().commercial_partner_id
        if excluded:
            parts.append(SQL("NOT (res_partner.id = ANY(%s))", excluded.ids))
        for other in self.excluded_segment_ids._origin:
            parts.append(SQL("NOT %s", self._joined(joins, query.members_of(other.id))))
        return parts

    # -- words and preview --

    def _in_words(self):
        """Return the whole condition as a sentence in the user's language."""
        if self.kind == "static":
            return self.env._("%s chosen customers", len(self.static_partner_ids))
        try:
            tree = self._tree()
        except ValidationError as error:
            return error.args[0]
        parts = [
            condition_tree.fold(child, lambda row: row.summary or "", self._group_words)
            for child in tree.children
        ]
        return self.env._("Customers: %s", self._joined_words(tree.operator, parts))

    @api.model
    def _group_words(self, operator, parts):
        text = self._joined_words(operator, parts)
        is_one = len(parts) == 1 and operator != "none"
        return text if is_one else self.env._("(%(text)s)", text=text)

    @api.model
    def _joined_words(self, operator, parts):
        if operator == "none":
            return self.env._("none of: %s", self.env._(" or ").join(parts))
        joint = self.env._(" and ") if operator == "all" else self.env._(" or ")
        return joint.join(parts)

    def _preview(self):
        """Return the number of customers and the ids of a few, of the values as they stand.

        Works for a segment that is not saved yet.

        :raises ValidationError: if a condition is wrong
        """
        self.ensure_one()
        if self.kind == "dynamic":
            self._tree()
            for condition in self.condition_ids:
                condition._check_leaf()
        self.env.flush_all()
        query = SegmentQuery()
        found = SQL("found AS MATERIALIZED (%s)", self._member_sql(query))
        [(count, sample)] = self.env.execute_query(
            SQL(
                "%s SELECT (SELECT COUNT(*) FROM found),"
                " ARRAY(SELECT id FROM found ORDER BY id LIMIT %s)",
                query.with_tables(found),
                SAMPLE,
            )
        )
        return count, sample

    def live_count(self, values):
        """Return how many customers meet a definition that is not saved yet, and who.

        :param values: changes of the form, as ``write`` takes them
        :return: dictionary of ``count``, ``sample`` (names) and ``error`` (why it cannot be told)
        """
        self.browse(self.ids).check_access("read")
        try:
            count, sample = self.new(values, origin=self)._preview()
        except (ValidationError, AccessError) as error:
            return {"count": 0, "sample": "", "error": error.args[0]}
        partners = self.env["res.partner"].browse(sample)._filtered_access("read")
        names = self.env["crm.segment.words"]._list(partners.mapped("display_name"))
        return {"count": count, "sample": names, "error": ""}

    # -- life --

    @api.model_create_multi
    def create(self, vals_list):
        """Have the members found soon, in the background."""
        segments = super().create(vals_list)
        segments._ask_for_refresh()
        return segments

    def write(self, vals):
        """Have the members found anew where the definition changed."""
        result = super().write(vals)
        if DEFINITION & vals.keys():
            self._ask_for_refresh()
        return result

    def _ask_for_refresh(self):
        """Let the scheduled action refresh soon what was redefined."""
        if self:
            self.write({"last_attempt": False})
            # sudo: whoever may write a segment may have it refreshed
            self.env.ref("crm_customer.ir_cron_segment_refresh").sudo()._trigger()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_referred(self):
        # sudo: segments of other companies count too
        users = self.sudo().search([("excluded_segment_ids", "in", self.ids)]) - self
        if users:
            raise UserError(
                self.env._(
                    'The segment "%s" excludes this one: change it first.', users[0].display_name
                )
            )

    def unlink(self):
        """Take the members along."""
        gone = self.ids
        result = super().unlink()
        # No foreign key takes the members along.
        self.env.cr.execute(SQL("DELETE FROM crm_segment_member WHERE segment_id = ANY(%s)", gone))
        self.env["crm.segment.member"].invalidate_model()
        return result

    # -- refresh --

    def action_refresh(self):
        """Refresh now, with the segments that build on these."""
        self.check_access("read")
        # sudo: whoever may see a segment may have its members brought up to date
        segments = (self | self._dependants()).sudo()
        for together in segments._together():
            together._try_refresh()
        return True

    def _dependants(self):
        """Return the active segments that refer to these, directly or through others."""
        # sudo: also those of other companies depend on these
        every = self.sudo().search([("active", "=", True)])
        references = every._references()
        found, size = set(self.ids), 0
        while size != len(found):
            size = len(found)
            found |= {one for one, others in references.items() if found & set(others)}
        return every.filtered(lambda one: one.id in found) - self

    def _together(self):
        """Yield ``self`` in parts of a statement each, referred segments first."""
        ordered = self._in_order()
        for start in range(0, len(ordered), TOGETHER):
            yield ordered[start : start + TOGETHER]

    def _try_refresh(self, partner_ids=None):
        """Refresh these segments, together if possible, or else one by one.

        A failure is kept on the segment that causes it and stops no other. Transactions that
        clash are no failure of a segment: whoever calls tries again.

        :param partner_ids: None, or ids of the only customers to look at
        """
        now = fields.Datetime.now()
        try:
            with self.env.cr.savepoint():
                self._refresh(now, partner_ids)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as error:  # whatever a bad segment raises must not stop the good ones
            self.env.invalidate_all()
            if len(self) > 1:
                for segment in self:
                    segment._try_refresh(partner_ids)
            else:
                _logger.info("Segment %s cannot be refreshed: %s", self.id, error, exc_info=error)
                self._keep_error(error, now)

    def _keep_error(self, error, now):
        reason = error.args[0] if isinstance(error, UserError) else str(error)
        reason = self.env._(
            "%s Its members stay as they were. Mend the condition and refresh.", reason
        )
        self.write({"error": reason, "last_attempt": now})

    def _refresh(self, now, partner_ids=None):
        """Let members enter and leave, and note the figures, in one statement.

        :param partner_ids: None, or ids of the only customers to look at
        """
        for segment in self:
            for condition in segment.condition_ids if segment.kind == "dynamic" else ():
                condition._check_leaf()
        self.env.flush_all()
        query = SegmentQuery(partner_ids)
        for segment in self:
            query.add(segment)
        rows = self._run(query.refresh_sql(now, fields.Date.today()), query.is_partial)
        if any(entered or left for _segment, _total, entered, left in rows):
            self.env["crm.segment.member"].invalidate_model()
            self.env["res.partner"].invalidate_model(["segment_ids"])
        self.env["crm.segment.snapshot"].invalidate_model()
        self.invalidate_recordset(
            ["error", "last_attempt", "last_refresh", "member_count", "member_ids"]
            + ["snapshot_ids", "trend"]
        )

    @api.model
    def _run(self, statement, is_partial):
        if is_partial:
            return self.env.execute_query(statement)
        # Members written a moment ago are unknown to the statistics: taken for a handful, they
        # would be joined row by row. Everything is read here, so that hashes are right.
        self.env.cr.execute("SET LOCAL enable_nestloop = off")
        rows = self.env.execute_query(statement)
        self.env.cr.execute("SET LOCAL enable_nestloop TO DEFAULT")
        return rows

    @api.model
    def _cron_refresh(self):
        """Refresh fully what was redefined or not refreshed since yesterday, part by part."""
        before = fields.Datetime.subtract(fields.Datetime.now(), hours=20)
        due = self.search(["|", ("last_attempt", "=", False), ("last_attempt", "<", before)])
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(due))
        for together in due._together():
            together._try_refresh()
            if not cron._commit_progress(len(together)):
                break

    @api.model
    def _refresh_customers(self, partner_ids):
        """Bring all good segments up to date for these customers only.

        Segments with an error wait for their full refresh, as do those redefined.
        """
        ids = self._entities_of(partner_ids)
        due = self.search([("error", "=", False), ("last_refresh", "!=", False)])
        for together in due._together():
            together._try_refresh(ids)

    @api.model
    def _entities_of(self, partner_ids):
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT commercial_partner_id FROM res_partner WHERE id = ANY(%s)"
                " UNION SELECT id FROM res_partner WHERE id = ANY(%s)",
                list(partner_ids),
                list(partner_ids),
            )
        )
        return [one for (one,) in rows if one]

    # -- use by others --

    def _member_domain(self):
        """Return a domain on res.partner of the members (commercial entities) of any of these."""
        return [("id", "in", self.env["crm.segment.member"]._active_query(self.ids))]

    # -- actions --

    def action_open_members(self):
        """Open the present members."""
        return self._open(
            "crm.segment.member", self.env._("Members"), {"search_default_present": 1}
        )

    def action_open_history(self):
        """Open all that entered and left."""
        return self._open("crm.segment.member", self.env._("History"), {})

    def action_open_snapshots(self):
        """Open the member counts over time."""
        action = self._open("crm.segment.snapshot", self.env._("Members over time"), {})
        return {**action, "view_mode": "graph,list,pivot"}

    def _open(self, model, name, context):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "list,kanban",
            "domain": [("segment_id", "=", self.id)],
            "context": context,
        }
