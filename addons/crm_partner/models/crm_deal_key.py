from odoo import api, models
from odoo.tools import SQL

#: rows that one key may give, and candidates that are compared
PROBE = 100
CANDIDATES = 60
#: lock rows that exist at most: two customers that share one by chance wait for each other
BUCKETS = 1 << 18


class CrmDealKey(models.AbstractModel):
    """The matching keys of live registrations and of direct opportunities without a contact.

    They are hashes as those of ``crm.match.key``, in a table of their own: a new registration costs
    one probe of the index per key, however many there are. A second table of lock rows lets two
    transactions that register the same customer at the same moment collide: both update the same
    row, PostgreSQL refuses the later one ("could not serialize access"), and it is tried again by
    the request, seeing the first one's registration.
    """

    _name = "crm.deal.key"
    _description = "Matching Key of Registered Deals"

    def init(self):
        """Create the two tables: plain ones, for millions of keys that are never read as records.

        Run at every installation and update; what exists is kept.
        """
        self.env.cr.execute(
            """
            CREATE TABLE IF NOT EXISTS crm_deal_key (
                key BIGINT NOT NULL, owner CHAR(1) NOT NULL, res_id INTEGER NOT NULL);
            CREATE INDEX IF NOT EXISTS crm_deal_key_key_idx
                ON crm_deal_key (key) INCLUDE (owner, res_id);
            CREATE INDEX IF NOT EXISTS crm_deal_key_owner_idx ON crm_deal_key (owner, res_id);
            CREATE TABLE IF NOT EXISTS crm_deal_lock (
                bucket INTEGER PRIMARY KEY, taken TIMESTAMP NOT NULL);
            """
        )

    @api.model
    def _hashes(self, rulesets, record, identities=()):
        """Return the keys of one record under some rule sets, and of what identifies it.

        :param dict record: columns as the matching engine knows them
        :param identities: pairs (kind, normalised value)
        """
        keys = self.env["crm.match.key"]
        hashes = {keys._hash(0, f"{kind}|{value}") for kind, value in identities}
        for ruleset in rulesets:
            hashes |= keys._hashes(ruleset, record)
        return hashes

    @api.model
    def _store(self, rows):
        """Add keys.

        :param rows: list of (owner, id, hashes); owner is "r" (registration) or "l" (lead)
        """
        flat = [(key, owner, res_id) for owner, res_id, hashes in rows for key in hashes]
        if not flat:
            return
        keys, owners, ids = zip(*flat, strict=True)
        self.env.cr.execute(
            SQL(
                "INSERT INTO crm_deal_key (key, owner, res_id)"
                " SELECT * FROM UNNEST(%s::bigint[], %s::varchar[], %s::int[])",
                list(keys),
                list(owners),
                list(ids),
            )
        )

    @api.model
    def _forget(self, owner, ids):
        """Delete the keys of some registrations or leads."""
        self.env.cr.execute(
            SQL("DELETE FROM crm_deal_key WHERE owner = %s AND res_id = ANY(%s)", owner, list(ids))
        )

    @api.model
    def _forget_all(self):
        """Delete every key; the scheduled action makes them anew."""
        self.env.cr.execute("DELETE FROM crm_deal_key")

    @api.model
    def _probe(self, hashes, owner):
        """Return the ids of registrations or leads with one of the keys, most keys first."""
        rows = self.env.execute_query(
            SQL(
                """SELECT probe.res_id
                     FROM UNNEST(%s::bigint[]) wanted (key)
                     JOIN LATERAL (
                          SELECT res_id FROM crm_deal_key row
                           WHERE row.key = wanted.key AND row.owner = %s LIMIT %s) probe ON TRUE
                 GROUP BY probe.res_id
                 ORDER BY COUNT(*) DESC, probe.res_id
                    LIMIT %s""",
                list(hashes),
                owner,
                PROBE,
                CANDIDATES,
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _missing(self, owner, ids):
        """Return those of the ids that have no keys."""
        rows = self.env.execute_query(
            SQL(
                """SELECT wanted.id FROM UNNEST(%s::int[]) wanted (id)
                    WHERE NOT EXISTS (
                          SELECT FROM crm_deal_key row
                           WHERE row.owner = %s AND row.res_id = wanted.id)""",
                list(ids),
                owner,
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _lock(self, hashes):
        """Lock what these keys stand for until the end of the transaction.

        The rows are updated, not only locked: whoever began before the holder committed gets a
        serialisation failure and is tried again by the caller's request, with a fresh view.
        """
        buckets = sorted({key % BUCKETS for key in hashes})
        self.env.cr.execute(
            SQL(
                """INSERT INTO crm_deal_lock (bucket, taken)
                        SELECT bucket, NOW() FROM UNNEST(%s::int[]) wanted (bucket) ORDER BY bucket
                   ON CONFLICT (bucket) DO UPDATE SET taken = EXCLUDED.taken""",
                buckets,
            )
        )
