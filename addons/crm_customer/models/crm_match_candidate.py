import json
from collections import defaultdict
from math import log2

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

#: fields of a customer being typed that are compared
TYPED = (
    "name", "email", "phone", "vat", "company_registry", "website", "street", "street2", "city",
    "zip", "country_id", "parent_id", "company_name", "ref",
)  # fmt: skip
#: customers that the comparison of a whole cluster shows
CLUSTER_SHOWN = 8

BANDS = [
    ("1", "30 – 50 %"),
    ("2", "50 – 70 %"),
    ("3", "70 – 90 %"),
    ("4", "90 – 95 %"),
    ("5", "95 – 99 %"),
    ("6", "99 – 100 %"),
]
BOUNDS = (0.5, 0.7, 0.9, 0.95, 0.99)


class CrmMatchCandidate(models.Model):
    """Two customers that a rule set takes for one, to be merged or told apart by a person.

    ``weight`` is the sum of the levels and of the prior in bits, ``probability`` what follows
    from it (Fellegi and Sunter, "A Theory for Record Linkage", 1969).
    """

    _name = "crm.match.candidate"
    _description = "Possible Duplicate"
    _order = "skipped, probability desc, id"
    _rec_name = "left_id"

    left_id = fields.Many2one(
        "res.partner", "Customer", required=True, index=True, ondelete="cascade", readonly=True
    )
    right_id = fields.Many2one(
        "res.partner",
        "Possible Duplicate",
        required=True,
        index=True,
        ondelete="cascade",
        readonly=True,
    )
    ruleset_id = fields.Many2one(
        "crm.match.ruleset",
        "Rule Set",
        required=True,
        index=True,
        ondelete="cascade",
        readonly=True,
    )
    probability = fields.Float(readonly=True, aggregator="avg")
    weight = fields.Float("Weight (Bits)", readonly=True, aggregator=None)
    decision = fields.Selection(
        [("merge", "Certain"), ("review", "To Look At")], "Rules Say", readonly=True
    )
    veto = fields.Char(readonly=True)
    evidence = fields.Json(readonly=True)
    state = fields.Selection(
        [
            ("to_review", "To Review"),
            ("duplicate", "Duplicate"),
            ("distinct", "Not a Duplicate"),
            ("merged", "Merged"),
        ],
        required=True,
        default="to_review",
        index=True,
    )
    reviewer_id = fields.Many2one("res.users", "Reviewed By", readonly=True)
    date_review = fields.Datetime("Reviewed On", readonly=True)
    note = fields.Char()
    skipped = fields.Integer(readonly=True, help="How often it was put to the end of the queue.")
    cluster = fields.Integer(readonly=True, aggregator=None, help="Lowest customer of the cluster.")
    cluster_size = fields.Integer("Customers in Cluster", readonly=True, aggregator="max")
    band = fields.Selection(
        BANDS, "Probability Band", compute="_compute_band", store=True, readonly=True
    )
    comparison_html = fields.Html(
        "Side by Side", compute="_compute_comparison_html", sanitize=False, compute_sudo=False
    )
    cluster_html = fields.Html(
        "Whole Cluster", compute="_compute_cluster_html", sanitize=False, compute_sudo=False
    )

    _pair_uniq = models.UniqueIndex("(left_id, right_id)", "This pair is there already.")
    _open_idx = models.Index("(skipped, probability DESC, id) WHERE state = 'to_review'")

    # --- computes ---

    @api.depends("left_id", "right_id", "probability")
    def _compute_display_name(self):
        for pair in self:
            pair.display_name = (
                f"{pair.left_id.display_name} = {pair.right_id.display_name} ?"
                f" ({100 * pair.probability:.1f} %)"
            )

    @api.depends("probability")
    def _compute_band(self):
        for pair in self:
            pair.band = str(1 + sum(pair.probability >= bound for bound in BOUNDS))

    @api.depends("evidence", "left_id", "right_id")
    def _compute_comparison_html(self):
        for pair in self:
            pair.comparison_html = self.env["ir.qweb"]._render(
                "crm_customer.match_comparison",
                {
                    "pair": pair,
                    "rows": pair._comparison_rows(),
                    # sudo: one figure of the rules that compared a pair which the user may read
                    "prior": log2(pair.ruleset_id.sudo().prior or 0.5),
                },
            )

    def _compute_cluster_html(self):
        for pair in self:
            members = pair._cluster_members()
            pair.cluster_html = len(members) > 2 and self.env["ir.qweb"]._render(
                "crm_customer.match_cluster",
                {"members": members[:CLUSTER_SHOWN], "rows": self._cluster_rows(members)},
            )

    def _comparison_rows(self):
        """Return what the form shows of each compared field: values, level, weight, colour."""
        labels = dict(self.env["crm.match.ruleset"]._selection_columns())
        levels = dict(self.env["crm.match.level"]._selection_names())
        levels["missing"] = self.env._("Missing")
        return [
            {
                "label": labels.get(row["field"], row["field"]),
                "left": row["left"] or "",
                "right": row["right"] or "",
                "level": levels.get(row["level"], row["level"]),
                "weight": row["weight"],
                "colour": self._colour(row),
            }
            for row in self.evidence or []
        ]

    @api.model
    def _colour(self, row):
        """Green speaks for one customer, red against it, yellow differs but speaks for it."""
        if row["level"] == "missing":
            return "muted"
        if row["weight"] < 0:
            return "danger"
        return "success" if row["left"] == row["right"] else "warning"

    def _cluster_members(self):
        """Return the readable customers of the cluster of a pair."""
        self.ensure_one()
        pairs = self.search(
            [("cluster", "=", self.cluster), ("state", "in", ("to_review", "duplicate"))],
            limit=CLUSTER_SHOWN**2,
        )
        return (self | pairs).left_id | (self | pairs).right_id

    @api.model
    def _cluster_rows(self, members):
        """Return [(label, [(value, differs)])] of the members of a cluster."""
        members = members[:CLUSTER_SHOWN]
        result = []
        for name in ("name", "phone", "email", "vat", "street", "city", "website", "create_date"):
            values = [str(partner[name] or "") for partner in members]
            first = next((value for value in values if value), "")
            label = self.env["res.partner"]._fields[name]._description_string(self.env)
            cells = [(value, bool(value) and value != first) for value in values]
            if first:
                result.append((label, cells))
        return result

    # --- constraints and CRUD ---

    @api.constrains("left_id", "right_id")
    def _check_order(self):
        if any(pair.left_id.id > pair.right_id.id for pair in self):
            raise ValidationError(self.env._("The older customer comes first in a pair."))

    def write(self, vals):
        """Keep who decided and when (UTC), whatever else is written with the state."""
        if "state" in vals:
            done = vals["state"] != "to_review"
            vals = {
                **vals,
                "reviewer_id": done and self.env.uid,
                "date_review": done and fields.Datetime.now(),
            }
        return super().write(vals)

    # --- actions ---

    def action_merge(self):
        """Say that a pair is a duplicate, and prepare its merge."""
        self.ensure_one()
        merge = self._merge_candidates(self.left_id | self.right_id)
        if self.state == "to_review":
            self.state = "duplicate"
        return merge

    def action_merge_cluster(self):
        """Prepare the merge of the whole cluster of a pair."""
        members = self._cluster_members()
        merge = self._merge_candidates(members)
        pairs = self.search(
            [
                ("left_id", "in", members.ids),
                ("right_id", "in", members.ids),
                ("state", "=", "to_review"),
            ]
        )
        pairs.state = "duplicate"
        return merge

    def action_merge_certain(self):
        """Merge what is certain among the selected pairs, by the rules of the merge."""
        certain = self.filtered(lambda pair: (pair.state, pair.decision) == ("to_review", "merge"))
        groups = certain._certain_groups()
        if not groups or "crm.merge" not in self.env:
            raise UserError(
                self.env._("None of these pairs is certain enough to be merged without a look.")
            )
        merges = self.env["crm.merge"]._merge_groups([(group, None) for group in groups])
        members = self.env["res.partner"].union(*groups)
        certain.exists().filtered(lambda pair: pair.left_id in members).state = "duplicate"
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Merge"),
            "res_model": "crm.merge",
            "view_mode": "list,form",
            "domain": [("id", "in", merges.ids)],
        }

    def _certain_groups(self):
        """Return the groups of customers that these pairs connect.

        A group is left to people where a pair in it has a veto, or was decided to be different.
        """
        root = _components((pair.left_id.id, pair.right_id.id) for pair in self)
        doubts = self.search(
            [
                ("left_id", "in", list(root)),
                ("right_id", "in", list(root)),
                "|",
                ("veto", "!=", False),
                ("state", "=", "distinct"),
            ]
        )
        refused = {
            root[pair.left_id.id]
            for pair in doubts
            if root[pair.left_id.id] == root[pair.right_id.id]
        }
        groups = defaultdict(list)
        for partner_id in sorted(root):
            if root[partner_id] not in refused:
                groups[root[partner_id]].append(partner_id)
        return [self.env["res.partner"].browse(ids) for ids in groups.values()]

    def _merge_candidates(self, partners):
        """Create the merge document of some customers and return the action that opens it."""
        if "crm.merge" not in self.env:
            raise UserError(
                self.env._("Merging is not installed. The pair stays in the review queue.")
            )
        merge = self.env["crm.merge"].create_for(partners, source="match")
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.merge",
            "res_id": merge.id,
            "views": [(False, "form")],
            "name": self.env._("Merge"),
        }

    def action_distinct(self):
        """Say that the pairs are different customers: they never come back."""
        self.state = "distinct"

    def action_review_again(self):
        """Undo a decision that was not carried out yet."""
        if "merged" in self.mapped("state"):
            raise UserError(
                self.env._("Merged customers are separated again on the merge document.")
            )
        self.state = "to_review"

    def action_skip(self):
        """Put the pairs to the end of the queue."""
        for pair in self:
            pair.skipped += 1

    def next_to_review(self):
        """Return the id of the next pair of the queue, or False; for the form's keys."""
        domain = [("state", "=", "to_review"), ("id", "not in", self.ids)]
        return self.search(domain, limit=1).id

    def action_open_left(self):
        """Open the first customer."""
        return self.left_id.get_formview_action()

    def action_open_right(self):
        """Open the second customer."""
        return self.right_id.get_formview_action()

    # --- warnings while typing ---

    @api.model
    def _hint_for_partner(self, partner):
        """Return HTML that names the likely duplicates of a customer being typed, or False."""
        values = {name: partner[name] for name in TYPED}
        own = partner._origin
        if not values["name"] or (partner.parent_id and partner.type not in ("contact", False)):
            return False
        return self._hint(
            "company" if partner.is_company else "person",
            values,
            partner.company_id or self.env.company,
            self._known_not(own) | set(own.ids),
        )

    @api.model
    def _known_not(self, partner):
        """Return the ids that somebody decided are other customers than a customer."""
        if not partner:
            return set()
        # sudo: only to leave customers out of a warning
        pairs = self.sudo().search(
            [
                ("state", "=", "distinct"),
                "|",
                ("left_id", "=", partner.id),
                ("right_id", "=", partner.id),
            ]
        )
        return set((pairs.left_id | pairs.right_id).ids)

    @api.model
    def _hint(self, kind, values, company, besides=()):
        found = self.env["crm.match.ruleset"]._find_duplicates(kind, values, company, besides)
        return bool(found) and self.env["ir.qweb"]._render(
            "crm_customer.match_hint",
            {"found": [(partner, f"{100 * chance:.0f} %") for partner, chance in found]},
        )

    # --- maintenance ---

    @api.model
    def _upsert(self, ruleset, rows):
        """Write pairs found by a rule set.

        What a person decided stays as it is, and so does what did not change. Of two rule sets
        that find the same pair, the more certain one is kept.
        """
        if not rows:
            return
        self.flush_model()
        now, uid = self.env.cr.now(), self.env.uid
        values = SQL(", ").join(
            SQL(
                "(%s, %s, %s, %s, %s, %s, %s, %s, %s, 'to_review', 0, %s, %s, %s, %s)",
                row["left_id"],
                row["right_id"],
                ruleset.id,
                round(row["probability"], 6),
                round(row["weight"], 4),
                row["decision"],
                row["veto"],
                json.dumps(row["evidence"], default=str),
                str(1 + sum(row["probability"] >= bound for bound in BOUNDS)),
                uid,
                uid,
                now,
                now,
            )
            for row in rows
        )
        self.env.cr.execute(
            SQL(
                """INSERT INTO crm_match_candidate AS pair
                               (left_id, right_id, ruleset_id, probability, weight, decision, veto,
                                evidence, band, state, skipped, create_uid, write_uid,
                                create_date, write_date)
                        VALUES %s
                   ON CONFLICT (left_id, right_id) DO UPDATE
                           SET ruleset_id = EXCLUDED.ruleset_id,
                               probability = EXCLUDED.probability, weight = EXCLUDED.weight,
                               decision = EXCLUDED.decision, veto = EXCLUDED.veto,
                               evidence = EXCLUDED.evidence, band = EXCLUDED.band,
                               write_date = EXCLUDED.write_date
                         WHERE pair.state = 'to_review'
                           AND (pair.ruleset_id = EXCLUDED.ruleset_id
                                OR EXCLUDED.probability > pair.probability)
                           AND (pair.evidence, pair.decision, pair.probability)
                               IS DISTINCT FROM
                               (EXCLUDED.evidence, EXCLUDED.decision, EXCLUDED.probability)""",
                values,
            )
        )
        self.invalidate_model()

    @api.model
    def _drop_open(self, ruleset, kept, partner_ids=None):
        """Delete pairs nobody decided on that a rule set does not find any more.

        :param kept: set of (left id, right id) that were found now
        :param partner_ids: only pairs of these customers; None for all
        """
        self.flush_model()
        where = SQL("TRUE")
        if partner_ids is not None:
            ids = list(partner_ids)
            where = SQL("(left_id = ANY(%s) OR right_id = ANY(%s))", ids, ids)
        rows = self.env.execute_query(
            SQL(
                """SELECT id, left_id, right_id FROM crm_match_candidate
                    WHERE state = 'to_review' AND ruleset_id = %s AND %s""",
                ruleset.id,
                where,
            )
        )
        stale = [row[0] for row in rows if row[1:] not in kept]
        if stale:
            self.env.cr.execute(SQL("DELETE FROM crm_match_candidate WHERE id = ANY(%s)", stale))
        self.invalidate_model()

    @api.model
    def _tidy(self):
        """After merges: a pair of a customer with itself is merged, and pairs are in order."""
        self.flush_model()
        self.env.cr.execute(
            """
            UPDATE crm_match_candidate SET state = 'merged'
             WHERE left_id = right_id AND state IN ('to_review', 'duplicate');
            DELETE FROM crm_match_candidate pair
             WHERE pair.left_id > pair.right_id AND EXISTS (
                   SELECT FROM crm_match_candidate other
                    WHERE (other.left_id, other.right_id) = (pair.right_id, pair.left_id));
            UPDATE crm_match_candidate SET left_id = right_id, right_id = left_id
             WHERE left_id > right_id;
            """
        )
        self.invalidate_model()

    @api.model
    def _refresh_clusters(self):
        """Number the clusters of open pairs: everybody reachable over pairs not decided against."""
        self._tidy()
        rows = self.env.execute_query(
            SQL(
                "SELECT id, left_id, right_id, cluster, cluster_size FROM crm_match_candidate"
                " WHERE state IN ('to_review', 'duplicate')"
            )
        )
        root = _components((left, right) for _id, left, right, *_rest in rows)
        sizes = defaultdict(int)
        for partner in root:
            sizes[root[partner]] += 1
        changed = [
            (pair_id, root[left], sizes[root[left]])
            for pair_id, left, _right, cluster, size in rows
            if (cluster, size) != (root[left], sizes[root[left]])
        ]
        if changed:
            ids, clusters, counts = (list(column) for column in zip(*changed, strict=True))
            self.env.cr.execute(
                SQL(
                    """UPDATE crm_match_candidate pair
                          SET cluster = new.cluster, cluster_size = new.size
                         FROM UNNEST(%s::int[], %s::int[], %s::int[]) new (id, cluster, size)
                        WHERE pair.id = new.id""",
                    ids,
                    clusters,
                    counts,
                )
            )
        self.invalidate_model()


def _components(pairs):
    """Return {member: lowest member of its component} of a graph given as pairs.

    >>> _components([(1, 2), (5, 7), (2, 9)]) == {1: 1, 2: 1, 9: 1, 5: 5, 7: 5}
    True
    """
    parent = {}

    def find(member):
        parent.setdefault(member, member)
        while parent[member] != member:
            parent[member] = parent[parent[member]]
            member = parent[member]
        return member

    for left, right in pairs:
        one, other = find(left), find(right)
        parent[max(one, other)] = min(one, other)
    return {member: find(member) for member in parent}
