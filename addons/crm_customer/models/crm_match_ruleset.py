import logging
import os

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL, ormcache

_logger = logging.getLogger(__name__)

#: customers whose keys one transaction makes
KEY_BATCH = 2000
#: pairs that one transaction writes
PAIR_BATCH = 1000
#: common terms that are remembered per field; rarer ones count as seen once
FREQUENCIES = 50000


def _processors():
    """Two where the machine has them: a full run keeps one busy with names alone."""
    return min(2, os.cpu_count() or 1)


class CrmMatchRuleset(models.Model):
    """When two persons, or two companies, are one: what is compared, and what is certain."""

    _name = "crm.match.ruleset"
    _description = "Matching Rule Set"
    _inherit = ["mail.thread"]
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    kind = fields.Selection(
        [("person", "Persons"), ("company", "Companies")],
        "Compares",
        required=True,
        default="company",
    )
    company_id = fields.Many2one(
        "res.company", help="Only customers of this company and shared ones; empty: all."
    )
    comparison_ids = fields.One2many("crm.match.comparison", "ruleset_id", "Comparisons", copy=True)
    blocking_ids = fields.One2many("crm.match.blocking", "ruleset_id", "Blocking Rules", copy=True)
    veto_ids = fields.One2many("crm.match.veto", "ruleset_id", "Vetoes", copy=True)
    prior = fields.Float(
        required=True,
        default=0.0001,
        help="Probability that two customers taken at random are the same one.",
    )
    merge_from = fields.Float(
        required=True,
        default=0.95,
        help="From this probability on a pair is as good as certain.",
    )
    review_from = fields.Float(
        required=True,
        default=0.30,
        help="From this probability on a person looks at the pair; below it is ignored.",
    )

    frequencies = fields.Json(copy=False)
    estimated_on = fields.Datetime("Last Estimate", readonly=True, copy=False)
    keys_done = fields.Integer(
        readonly=True, copy=False, help="Last customer whose keys were made; -1: all of them."
    )
    run_requested = fields.Boolean(readonly=True, copy=False)
    run_on = fields.Datetime("Last Run", readonly=True, copy=False)
    run_records = fields.Integer("Customers Compared", readonly=True, copy=False)
    run_pairs = fields.Integer("Pairs Found", readonly=True, copy=False)
    run_error = fields.Char("Last Error", readonly=True, copy=False)
    progress = fields.Float(compute="_compute_progress", compute_sudo=True)
    to_review_count = fields.Integer(compute="_compute_to_review_count")

    # --- computes ---

    @api.depends("keys_done")
    def _compute_progress(self):
        last = self.env.execute_query(SQL("SELECT COALESCE(MAX(id), 1) FROM res_partner"))[0][0]
        for ruleset in self:
            done = ruleset.keys_done
            ruleset.progress = 100.0 if done < 0 else round(100.0 * done / last, 1)

    def _compute_to_review_count(self):
        counts = dict(
            self.env["crm.match.candidate"]._read_group(
                [("ruleset_id", "in", self.ids), ("state", "=", "to_review")],
                ["ruleset_id"],
                ["__count"],
            )
        )
        for ruleset in self:
            ruleset.to_review_count = counts.get(ruleset, 0)

    # --- constraints ---

    @api.constrains("comparison_ids", "blocking_ids", "prior", "merge_from", "review_from")
    def _check_spec(self):
        """Refuse what the engine cannot work with."""
        for ruleset in self:
            if problem := ruleset._problem():
                raise ValidationError(
                    self.env._("Rule set %(name)s: %(problem)s", name=ruleset.name, problem=problem)
                )

    def _problem(self):
        """Return in words why the engine cannot work with this rule set, or None."""
        if not self.comparison_ids:
            return self.env._("it compares nothing. Add a comparison.")
        if not self.blocking_ids:
            return self.env._(
                "there is no blocking rule, so every customer would be compared with every other"
                " one. Add a rule such as “phone as digits”."
            )
        if not 0 < self.prior < 1:
            return self.env._("the prior must lie between 0 and 1, without the ends.")
        if not 0 < self.review_from <= self.merge_from < 1:
            return self.env._(
                "the thresholds must be in the order 0 < review ≤ merge < 1. “Review from” is"
                " %(review)s and “merge from” is %(merge)s.",
                review=self.review_from,
                merge=self.merge_from,
            )
        return None

    def _check_remains(self, remaining, what):
        """Refuse to delete the last line of a kind."""
        if not remaining:
            raise ValidationError(
                self.env._(
                    "Rule set %(name)s: this is the last %(what)s. Add another one first.",
                    name=self.name,
                    what=what,
                )
            )

    # --- CRUD ---

    @api.model_create_multi
    def create(self, vals_list):
        """Have the keys of all customers made anew in the background."""
        rulesets = super().create(vals_list)
        rulesets._changed()
        return rulesets

    def write(self, vals):
        """Have keys made anew where others are compared; forget the rules compiled before."""
        result = super().write(vals)
        if vals.keys() & {"active", "blocking_ids", "company_id", "kind"}:
            self._changed()
        if vals.keys() - {"keys_done", "run_on", "run_requested", "run_error"}:
            self.env.registry.clear_cache()
        return result

    def unlink(self):
        """Take its keys along, which no foreign key does."""
        self.env["crm.match.key"]._forget_rulesets(self.ids)
        self.env.registry.clear_cache()
        return super().unlink()

    def copy_data(self, default=None):
        """Mark the copy."""
        return [
            {**vals, "name": self.env._("%s (copy)", ruleset.name)}
            for ruleset, vals in zip(self, super().copy_data(default), strict=True)
        ]

    def _changed(self):
        """Who is compared, or by which keys, changed: make the keys anew in the background."""
        self.env.registry.clear_cache()
        self.env["crm.match.key"]._forget_rulesets(self.ids)
        self.filtered("active").keys_done = 0
        self._trigger("crm_customer.ir_cron_match_keys")

    def _trigger(self, xmlid):
        cron = self.env.ref(xmlid, raise_if_not_found=False)  # not there during installation
        if cron:
            # sudo: whoever may change a rule set may have the work done now
            cron.sudo()._trigger()

    # --- specification for the engine ---

    def _spec(self):
        """Return this rule set as the engine's dataclass; ValueError where it is wrong."""
        from ..engine.match import Ruleset

        self.ensure_one()
        return Ruleset(
            comparisons=tuple(row._spec() for row in self.comparison_ids.sorted()),
            blocking=tuple(row._spec() for row in self.blocking_ids.sorted()),
            prior=self.prior,
            merge=self.merge_from,
            review=self.review_from,
            vetoes=tuple(row._spec() for row in self.veto_ids.sorted()),
        )

    def _engine(self):
        """Return (rule set, frequencies) for the engine, from the cache."""
        self.ensure_one()
        return self._engine_cached(self.id)

    @api.model
    @ormcache("ruleset_id")
    def _engine_cached(self, ruleset_id):
        from ..engine.match import Frequencies

        # sudo: everybody who types a customer is warned by the rules, nobody reads them by that
        ruleset = self.browse(ruleset_id).sudo()
        stored = ruleset.frequencies
        frequencies = Frequencies(stored["total"], stored["counts"]) if stored else None
        return ruleset._spec(), frequencies

    @api.model
    def _create_default_rulesets(self):
        """Create the rule sets that come with the addon, once."""
        from ..engine.match import default_ruleset

        for kind, name in (
            ("company", self.env._("Companies")),
            ("person", self.env._("Persons")),
        ):
            xmlid = f"crm_customer.match_ruleset_{kind}"
            if not self.env.ref(xmlid, raise_if_not_found=False):
                values = self._vals_from_spec(default_ruleset(kind))
                self._load_records(
                    [
                        {
                            "xml_id": xmlid,
                            "noupdate": True,
                            "values": {**values, "name": name, "kind": kind},
                        }
                    ]
                )

    @api.model
    def _vals_from_spec(self, spec):
        """Return values of a rule set made from the engine's dataclass."""
        rows = enumerate(spec.comparisons)
        return {
            "prior": spec.prior,
            "merge_from": spec.merge,
            "review_from": spec.review,
            "comparison_ids": [
                (0, 0, self.env["crm.match.comparison"]._vals_from_spec(row, number))
                for number, row in rows
            ],
            "blocking_ids": [
                (0, 0, self.env["crm.match.blocking"]._vals_from_spec(row, number))
                for number, row in enumerate(spec.blocking)
            ],
            "veto_ids": [
                (0, 0, {"sequence": number, "kind": row.kind, "columns": ", ".join(row.fields)})
                for number, row in enumerate(spec.vetoes)
            ],
        }

    # --- records for the engine ---

    @api.model
    def _match_columns(self):
        """Return {column: (label, SQL on ``p``)} of what can be compared.

        The hook of addons with further fields: extend the dictionary, and :meth:`_record_of` for
        records that are being typed. ``p`` is the customer, ``parent`` its parent.
        """
        env = self.env
        return {
            "name": (env._("Name"), SQL("p.name")),
            "phone": (env._("Phone"), SQL("COALESCE(p.phone_sanitized, p.phone)")),
            "email": (env._("E-Mail"), SQL("COALESCE(p.email_normalized, p.email)")),
            "address": (env._("Address"), SQL("NULLIF(CONCAT_WS(' ', p.street, p.street2), '')")),
            "city": (env._("City"), SQL("p.city")),
            "zip": (env._("ZIP"), SQL("p.zip")),
            "vat": (
                env._("Tax ID or Company ID"),
                SQL(
                    "CASE WHEN p.commercial_partner_id = p.id"
                    " THEN COALESCE(NULLIF(p.vat, '/'), p.company_registry) END"
                ),
            ),
            "domain": (env._("Website or Domain"), SQL("COALESCE(p.website, p.email_normalized)")),
            "company": (env._("Employer"), SQL("COALESCE(parent.name, p.company_name)")),
            "ref": (env._("Reference"), SQL("p.ref")),
        }

    @api.model
    def _unknown_column(self, names):
        """Return in words that one of the names is no column, or None."""
        known = self._match_columns()
        unknown = [name for name in names if name not in known]
        return unknown and self.env._(
            "There is no field %(name)s to compare. There are: %(known)s.",
            name=unknown[0],
            known=", ".join(known),
        )

    @api.model
    def _selection_columns(self):
        return [(name, label) for name, (label, _sql) in self._match_columns().items()]

    @api.model
    def _record_of(self, values):
        """Return columns of the engine from values of a customer that is being typed.

        :param values: dict of fields of ``res.partner``; relations as records
        """
        identity = self.env["crm.identity"]
        country = values.get("country_id")
        partner = self.env["res.partner"].new({"country_id": country.id if country else False})
        phone, email = values.get("phone"), values.get("email")
        lines = (values.get("street"), values.get("street2"))
        email = identity._normalise("email", email) or email
        parent = values.get("parent_id")
        return {
            "name": values.get("name"),
            "phone": identity._normalise("phone", phone, partner) or phone,
            "email": email,
            "address": " ".join(line for line in lines if line) or None,
            "city": values.get("city"),
            "zip": values.get("zip"),
            "vat": None if parent else values.get("vat") or values.get("company_registry"),
            "domain": values.get("website") or email,
            "company": (parent and parent.name) or values.get("company_name"),
            "ref": values.get("ref"),
        }

    @api.model
    def _watched_fields(self):
        """Return the fields of a customer whose change asks for new keys and a new comparison."""
        return {
            "active", "city", "company_id", "company_name", "company_registry", "country_id",
            "email", "is_company", "name", "parent_id", "phone", "ref", "street", "street2",
            "type", "vat", "website", "zip",
        }  # fmt: skip

    def _sql_scope(self):
        """Return the SQL condition on ``p`` of the customers that this rule set compares."""
        self.ensure_one()
        if self.kind == "company":
            kind = SQL("p.is_company")
        else:
            kind = SQL("p.is_company IS NOT TRUE AND COALESCE(p.type, 'contact') = 'contact'")
        company = SQL("TRUE")
        if self.company_id:
            company = SQL("(p.company_id IS NULL OR p.company_id = %s)", self.company_id.id)
        return SQL(
            "p.active AND p.name IS NOT NULL AND p.partner_share AND %s AND %s"
            " AND NOT EXISTS (SELECT FROM res_company own WHERE own.partner_id = p.id)",
            kind,
            company,
        )

    def _columns_needed(self):
        spec, _frequencies = self._engine()
        names = {row.field for row in spec.comparisons}
        names |= {field for row in spec.blocking for field, _transform in row.parts}
        names |= {field for row in spec.vetoes for field in row.fields}
        return [name for name in self._match_columns() if name in names]

    def _fetch(self, condition):
        """Return (names, rows) of customers in the scope; id, company and parent come first."""
        self.ensure_one()
        self.env["res.partner"].flush_model()
        columns = self._match_columns()
        names = self._columns_needed()
        rows = self.env.execute_query(
            SQL(
                """SELECT p.id, p.company_id, p.parent_id, %s
                     FROM res_partner p LEFT JOIN res_partner parent ON parent.id = p.parent_id
                    WHERE %s AND %s ORDER BY p.id""",
                SQL(", ").join(columns[name][1] for name in names),
                self._sql_scope(),
                condition,
            )
        )
        return ["id", "company_id", "parent_id", *names], rows

    def _records(self, partner_ids):
        """Return the records (dicts of columns) of those of the customers that are in the scope."""
        names, rows = self._fetch(SQL("p.id = ANY(%s)", list(partner_ids)))
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _columns_of(self, partner_ids=None):
        """Return {column: list} of customers in the scope; None: of all."""
        condition = SQL("TRUE")
        if partner_ids is not None:
            condition = SQL("p.id = ANY(%s)", list(partner_ids))
        names, rows = self._fetch(condition)
        values = list(zip(*rows, strict=True)) or [() for _name in names]
        return {name: list(column) for name, column in zip(names, values, strict=True)}

    @api.model
    def _comparable(self, left, right):
        """Tell whether two records may be one customer: same company or shared, no family tree."""
        companies = {left["company_id"], right["company_id"]} - {None}
        family = left["id"] in (right["id"], right["parent_id"]) or (
            left["parent_id"] == right["id"]
        )
        return len(companies) < 2 and not (left["id"] and family)

    # --- one record against the base ---

    @api.model
    def _find_duplicates(self, kind, values, company=None, besides=(), limit=5):
        """Return the customers that a record being typed may be, most probable first.

        Only customers that the user may read. Costs one index probe per blocking key.

        :param str kind: "person" or "company"
        :param dict values: fields of ``res.partner``, relations as records
        :param besides: ids never to name, as the record itself
        :return: list of (partner, probability)
        """
        record = self._record_of(values)
        best = {}
        for ruleset in self._active(kind, company):
            for partner_id, probability in ruleset._score_record(record, company, set(besides)):
                best[partner_id] = max(probability, best.get(partner_id, 0.0))
        ordered = sorted(best, key=lambda partner_id: (-best[partner_id], partner_id))[: 4 * limit]
        readable = self.env["res.partner"].search([("id", "in", ordered)])
        return [
            (self.env["res.partner"].browse(partner_id), best[partner_id])
            for partner_id in ordered
            if partner_id in readable._ids
        ][:limit]

    @api.model
    def _active(self, kind=None, company=None):
        """Return the rule sets in use, of a kind and company or all."""
        domain = [("active", "=", True)]
        if kind:
            domain.append(("kind", "=", kind))
        if company:
            domain.append(("company_id", "in", [company.id, False]))
        # sudo: rules are applied for everybody who types or changes a customer
        return self.sudo().search(domain)

    def _score_record(self, record, company, besides):
        """Yield (partner id, probability) of customers from the review threshold on."""
        from ..engine.match import score_one

        keys = self.env["crm.match.key"]
        hashes = keys._hashes(self, record)
        if not hashes:
            return
        spec, frequencies = self._engine()
        here = {
            **record,
            "id": None,
            "company_id": company.id if company else None,
            "parent_id": None,
        }
        others = [
            other
            for other in self._records(set(keys._probe(hashes)) - besides)
            if self._comparable(here, other)
        ]
        for other, evidence in zip(others, score_one(here, others, spec, frequencies), strict=True):
            if evidence.probability >= spec.review:
                yield other["id"], evidence.probability

    # --- keys in the background ---

    @api.model
    def _cron_make_keys(self):
        """Make the keys of all customers for new and changed rule sets, in batches."""
        progress = self.env["ir.cron"]
        pending = self.search([("keys_done", ">=", 0)])
        progress._commit_progress(remaining=len(pending))
        for ruleset in pending:
            while ruleset._make_some_keys():
                if not progress._commit_progress(remaining=len(pending)):
                    return
            progress._commit_progress(1)

    def _make_some_keys(self, batch=KEY_BATCH):
        """Make the keys of the next customers; return whether there may be more."""
        rows = self.env.execute_query(
            SQL(
                "SELECT p.id FROM res_partner p WHERE p.id > %s AND %s ORDER BY p.id LIMIT %s",
                self.keys_done,
                self._sql_scope(),
                batch,
            )
        )
        self._sync_keys([row[0] for row in rows])
        self.keys_done = rows[-1][0] if len(rows) == batch else -1
        return self.keys_done >= 0

    def _sync_keys(self, ids):
        """Make keys; a record that the engine cannot read is put aside, the others are done."""
        try:
            # Without a flush: what waits for the end of the transaction (validation rules, say) is
            # not checked in the middle of somebody's create, nor its error taken for ours.
            with self.env.cr.savepoint(flush=False):
                self.env["crm.match.key"]._sync(self, ids)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise  # somebody else was faster: the whole is tried again
        except Exception as error:
            if len(ids) == 1:
                self.env["crm.match.queue"]._put_aside(ids[0], error)
                return
            middle = len(ids) // 2
            self._sync_keys(ids[:middle])
            self._sync_keys(ids[middle:])

    def action_rebuild_keys(self):
        """Make all keys anew in the background."""
        self.check_access("write")
        self._changed()
        return self._notify(self.env._("The matching keys are made anew in the background."))

    # --- full run in the background ---

    def action_find_duplicates(self):
        """Compare all customers in the background."""
        self.check_access("write")
        self.run_requested = True
        self._trigger("crm_customer.ir_cron_match_run")
        return self._notify(
            self.env._("All customers are compared in the background. Pairs come to the review.")
        )

    def _notify(self, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": message,
                "type": "info",
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    @api.model
    def _cron_request_runs(self):
        """Ask for a full run of all rule sets, now and then."""
        self._active().run_requested = True
        self._trigger("crm_customer.ir_cron_match_run")

    @api.model
    def _cron_run(self):
        """Work off the requested full runs; a rule set that fails keeps its reason."""
        progress = self.env["ir.cron"]
        requested = self.search([("run_requested", "=", True)])
        progress._commit_progress(remaining=len(requested))
        for ruleset in requested:
            try:
                with self.env.cr.savepoint():
                    pairs = ruleset._link()
                ruleset._store(pairs, progress._commit_progress)
                ruleset.write({"run_requested": False, "run_error": False})
            except Exception as error:
                _logger.exception("matching with rule set %s failed", ruleset.id)
                ruleset.write({"run_requested": False, "run_error": str(error)[:500]})
            if not progress._commit_progress(1):
                break

    def run_now(self):
        """Compare all customers in this transaction: for small databases, data loads and tests."""
        self.check_access("write")
        for ruleset in self:
            ruleset._store(ruleset._link())

    def _link(self):
        """Compare all customers of the scope; return batches of values of the pairs found."""
        from ..engine.match import link_table

        self.ensure_one()
        columns = self._columns_of()
        identities = [columns.pop(name) for name in ("id", "company_id", "parent_id")]
        self.run_records = len(identities[0])
        table = self._engine_table(columns)
        self._remember_frequencies(table)
        if table.size < 2:
            return []
        links = link_table(table, estimate=False, workers=_processors())
        # judged as a single record is: by the frequencies that are remembered
        _spec, frequencies = self._engine()
        return self._pairs(table.count(frequencies), columns, identities, links)

    def _engine_table(self, columns):
        """Return the engine's table of some columns, ready to be compared."""
        from ..engine.match import Table

        spec, _frequencies = self._engine()
        return Table(columns, spec).count().prepare(_processors())

    def _pairs(self, table, columns, identities, links):
        """Yield batches of values of the pairs that the engine found, with their evidence.

        :param table: the engine's table, ``columns`` its raw values
        :param identities: ids, companies and parents of the rows
        """
        from ..engine.match import score_rows

        def identity(row):
            return dict(
                zip(
                    ("id", "company_id", "parent_id"),
                    (values[row] for values in identities),
                    strict=True,
                )
            )

        ids = identities[0]
        for start in range(0, len(links.a), PAIR_BATCH):
            a, b = (rows[start : start + PAIR_BATCH] for rows in (links.a, links.b))
            yield [
                self._pair_vals(ids[left], ids[right], evidence)
                for left, right, evidence in zip(
                    a.tolist(), b.tolist(), score_rows(table, a, b, columns), strict=True
                )
                if evidence.decision != "ignore"
                and self._comparable(identity(left), identity(right))
            ]

    def _store(self, batches, commit=None):
        """Write the pairs of a full run with their evidence; open pairs that are none any more go.

        :param batches: what :meth:`_link` returns
        :param commit: called after each batch
        """
        candidates = self.env["crm.match.candidate"]
        kept = set()
        for rows in batches:
            with self.env.cr.savepoint():
                candidates._upsert(self, rows)
            kept |= {(row["left_id"], row["right_id"]) for row in rows}
            if commit:
                commit()
        candidates._drop_open(self, kept)
        candidates._refresh_clusters()
        self.write({"run_on": fields.Datetime.now(), "run_pairs": len(kept)})

    def _score(self, one, others):
        """Return values of the candidate pairs of a record with others, without those to ignore."""
        from ..engine.match import score_one

        spec, frequencies = self._engine()
        others = [other for other in others if self._comparable(one, other)]
        found = score_one(one, others, spec, frequencies)
        return [
            self._pair_vals(one["id"], other["id"], evidence)
            for other, evidence in zip(others, found, strict=True)
            if evidence.decision != "ignore"
        ]

    @api.model
    def _pair_vals(self, one, other, evidence):
        """Return values of a candidate pair; the older customer comes first."""
        swapped = one > other
        rows = [
            {
                "field": row.field,
                "level": row.level,
                "weight": round(row.weight, 4),
                "left": row.right if swapped else row.left,
                "right": row.left if swapped else row.right,
            }
            for row in evidence.fields
        ]
        return {
            "left_id": min(one, other),
            "right_id": max(one, other),
            "probability": evidence.probability,
            "weight": evidence.weight,
            "decision": evidence.decision,
            "veto": evidence.veto,
            "evidence": rows,
        }

    # --- changed customers ---

    @api.model
    def _partners_changed(self, partner_ids):
        """Make the keys of new and changed customers anew, and let them be compared soon."""
        rulesets = self._active()
        if rulesets and not self.env.context.get("crm_match_later"):
            rulesets._sync_keys(list(partner_ids))
            # sudo: the comparison follows the change, whoever may change customers
            self.env["crm.match.queue"].sudo()._add(partner_ids)

    def _match_partners(self, partner_ids):
        """Compare some customers with the base through their keys, and keep the pairs found."""
        self.ensure_one()
        common = self.env["crm.match.key"]._partners_in_common(self, partner_ids)
        wanted = set(partner_ids).union(*common.values())
        records = {record["id"]: record for record in self._records(wanted)}
        rows = {}
        for one, others in common.items():
            near = [records[other] for other in sorted(others) if other in records]
            for row in self._score(records[one], near) if one in records else ():
                rows[row["left_id"], row["right_id"]] = row
        candidates = self.env["crm.match.candidate"]
        candidates._upsert(self, list(rows.values()))
        candidates._drop_open(self, set(rows), partner_ids)

    # --- estimation ---

    def action_estimate(self):
        """Estimate m, u and the prior from the customers (EM), without a labelled example."""
        self.check_access("write")
        for ruleset in self:
            ruleset._estimate()
        return self._notify(self.env._("The weights were estimated from the customers."))

    def _estimate(self):
        from ..engine.match import candidates, estimate_table

        columns = self._columns_of()
        for name in ("id", "company_id", "parent_id"):
            columns.pop(name)
        table = self._engine_table(columns)
        found = estimate_table(table, candidates(table, workers=_processors()))
        for row, new in zip(self.comparison_ids.sorted(), found.comparisons, strict=True):
            for level, numbers in zip(row.level_ids.sorted(), new.levels, strict=True):
                level.write({"m": numbers.m, "u": numbers.u})
        self.write({"prior": found.prior, "estimated_on": fields.Datetime.now()})
        self._remember_frequencies(table)

    def _remember_frequencies(self, table):
        """Keep how common values are, so that one record is judged as a full run judges it."""
        from ..engine.match import common_terms

        counts = common_terms(table, FREQUENCIES) if table.size else {}
        self.frequencies = {"total": table.size, "counts": counts} if table.size else False

    # --- screens ---

    def action_open_candidates(self):
        """Open the review queue of this rule set."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_customer.crm_match_candidate_action"
        )
        return {**action, "domain": [("ruleset_id", "in", self.ids)]}
