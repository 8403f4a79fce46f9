from hashlib import blake2b

from odoo import api, models
from odoo.tools import SQL

#: rows that one key may give: what more customers have in common tells nothing
PROBE = 100
#: customers that a new record is compared with, those with the most keys in common first
CANDIDATES = 100


class CrmMatchKey(models.AbstractModel):
    """The blocking keys of every customer in a table of its own.

    Two customers are compared only where they have a key in common, so a new record costs one
    probe of the index per key. The table holds hashes and numbers only, has no foreign keys and
    no id: it can be emptied and filled again at any time.
    """

    _name = "crm.match.key"
    _description = "Matching Key"

    def init(self):
        """Make the table, of which the ORM knows nothing."""
        self.env.cr.execute(
            """
            CREATE TABLE IF NOT EXISTS crm_match_key (
                key BIGINT NOT NULL, partner_id INTEGER NOT NULL, ruleset_id INTEGER NOT NULL);
            CREATE INDEX IF NOT EXISTS crm_match_key_key_idx
                ON crm_match_key (key) INCLUDE (partner_id);
            CREATE INDEX IF NOT EXISTS crm_match_key_partner_idx ON crm_match_key (partner_id);
            """
        )

    @api.model
    def _hash(self, ruleset_id, key):
        """Return 64 bits of a key of a rule set, as PostgreSQL's bigint.

        A collision costs one needless comparison.
        """
        digest = blake2b(f"{ruleset_id}|{key}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big", signed=True)

    @api.model
    def _hashes(self, ruleset, record):
        """Return the keys of one record (a dict of columns) under a rule set, without doubles."""
        from ..engine.match import blocking_keys

        spec, _frequencies = ruleset._engine()
        return {self._hash(ruleset.id, key) for key in blocking_keys(record, spec)}

    @api.model
    def _hashes_many(self, ruleset, partner_ids):
        """Yield (partner id, its keys) of customers under a rule set."""
        from ..engine.match import blocking_keys_many

        spec, _frequencies = ruleset._engine()
        columns = ruleset._columns_of(partner_ids)
        ids = columns.pop("id")
        if not ids:
            return
        for partner_id, found in zip(ids, blocking_keys_many(columns, spec), strict=True):
            yield partner_id, {self._hash(ruleset.id, key) for key in found}

    @api.model
    def _sync(self, rulesets, partner_ids):
        """Make the keys of customers anew.

        :param rulesets: the rule sets to do; keys of other rule sets stay
        """
        if not (rulesets and partner_ids):
            return
        self._forget(partner_ids, rulesets)
        keys, partners, owners = [], [], []
        for ruleset in rulesets:
            for partner_id, hashes in self._hashes_many(ruleset, partner_ids):
                keys += hashes
                partners += [partner_id] * len(hashes)
                owners += [ruleset.id] * len(hashes)
        if keys:
            self.env.cr.execute(
                SQL(
                    "INSERT INTO crm_match_key (key, partner_id, ruleset_id)"
                    " SELECT * FROM UNNEST(%s::bigint[], %s::int[], %s::int[])",
                    keys,
                    partners,
                    owners,
                )
            )

    @api.model
    def _forget(self, partner_ids, rulesets=None):
        """Delete the keys of customers, of some rule sets or of all."""
        self.env.cr.execute(
            SQL(
                "DELETE FROM crm_match_key WHERE partner_id = ANY(%s) AND %s",
                list(partner_ids),
                SQL("ruleset_id = ANY(%s)", rulesets.ids) if rulesets else SQL("TRUE"),
            )
        )

    @api.model
    def _forget_rulesets(self, ruleset_ids):
        """Delete all keys of rule sets."""
        self.env.cr.execute(
            SQL("DELETE FROM crm_match_key WHERE ruleset_id = ANY(%s)", list(ruleset_ids))
        )

    @api.model
    def _probe(self, hashes, limit=CANDIDATES):
        """Return the ids of customers that have one of the keys, most keys first."""
        rows = self.env.execute_query(
            SQL(
                """SELECT probe.partner_id
                     FROM UNNEST(%s::bigint[]) wanted (key)
                     JOIN LATERAL (
                          SELECT partner_id FROM crm_match_key row
                           WHERE row.key = wanted.key LIMIT %s) probe ON TRUE
                 GROUP BY probe.partner_id
                 ORDER BY COUNT(*) DESC, probe.partner_id
                    LIMIT %s""",
                list(hashes),
                PROBE,
                limit,
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _partners_in_common(self, ruleset, partner_ids):
        """Return {partner: ids of customers with a key in common} for some customers."""
        rows = self.env.execute_query(
            SQL(
                """SELECT own.partner_id, ARRAY_AGG(DISTINCT probe.partner_id)
                     FROM crm_match_key own
                     JOIN LATERAL (
                          SELECT partner_id FROM crm_match_key other
                           WHERE other.key = own.key AND other.partner_id != own.partner_id
                           LIMIT %s) probe ON TRUE
                    WHERE own.partner_id = ANY(%s) AND own.ruleset_id = %s
                 GROUP BY own.partner_id""",
                PROBE,
                list(partner_ids),
                ruleset.id,
            )
        )
        return dict(rows)
