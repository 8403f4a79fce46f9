from datetime import datetime
from typing import NamedTuple

from psycopg2.extras import Json, execute_values

from odoo import api, models
from odoo.tools import SQL

from ..engine import survivorship
from .crm_merge_engine import ROW

#: parts of an address stay together; the rule of the first one decides
ADDRESS = (
    "street", "street2", "city", "zip", "state_id", "country_id", "partner_latitude",
    "partner_longitude",
)  # fmt: skip
#: added up, as core does
SUMMED = ("customer_rank", "supplier_rank")
#: kept by the survivor, or decided below
OWN = {
    "active", "calendar_last_notif_ack", "company_id", "create_date", "create_uid", "id",
    "merged_into_id", "message_bounce", "parent_id", "signup_type", "write_date", "write_uid",
    *SUMMED,
}  # fmt: skip
#: what could find or address a merged record is emptied; the journal has it all
EMPTIED = (
    "email", "email_normalized", "phone", "phone_sanitized", "vat", "company_registry", "ref",
    "website", "barcode", "global_location_number", "peppol_endpoint", "parent_id", "user_id",
    "signup_type",
)  # fmt: skip


class Group(NamedTuple):
    """Records that become one; ``overrides`` say {field: id of the record whose value wins}."""

    merge_id: int
    survivor: int
    losers: tuple
    overrides: dict

    @property
    def ids(self):
        """The survivor first."""
        return (self.survivor, *self.losers)

    @property
    def pairs(self):
        """Rows (merge, loser, survivor) as :class:`Repoint` takes them."""
        return [(self.merge_id, loser, self.survivor) for loser in self.losers]


class CrmMergeGolden(models.AbstractModel):
    """The rows of the customers themselves: the golden record, and what becomes of the others."""

    _name = "crm.merge.golden"
    _description = "Golden Record"

    # --- what is decided ---

    @api.model
    def _columns(self):
        """Return the columns of customers that a rule decides on."""
        return [
            name
            for name, field in self.env["res.partner"]._fields.items()
            if field.store
            and field.column_type
            and not field.company_dependent
            and name not in OWN
            and not (field.compute and field.readonly)
            and field.type != "properties"
        ]

    @api.model
    def _keys(self):
        """Return the columns with a rule of their own: of an address only the street."""
        return [name for name in self._columns() if name not in ADDRESS[1:]]

    @api.model
    def _combined(self):
        """Return the columns that hold many values, whose union survives."""
        return [
            name
            for name, field in self.env["res.partner"]._fields.items()
            if field.store
            and field.column_type
            and (field.company_dependent or field.type == "properties")
        ]

    @api.model
    def _load(self, ids):
        """Return {id: row} as the database has it."""
        return dict(
            self.env.execute_query(
                SQL("SELECT id, to_jsonb(p) FROM res_partner p WHERE id = ANY(%s)", list(ids))
            )
        )

    @api.model
    def _sources(self, ids):
        """Return {id: "user", "import" or "web"}: where the records came from; for other addons."""
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT p.id, CASE
                        WHEN EXISTS (SELECT FROM ir_model_data d WHERE d.model = 'res.partner'
                                        AND d.res_id = p.id AND d.module = '__import__')
                        THEN 'import'
                        WHEN u.id IS NULL OR u.share OR NOT u.active THEN 'web' ELSE 'user' END
                      FROM res_partner p LEFT JOIN res_users u ON u.id = p.create_uid
                     WHERE p.id = ANY(%s)
                    """,
                    list(ids),
                )
            )
        )

    @api.model
    def _choices(self, group, rows, sources, strategies):
        """Return {field: Choice} of one group by the rules, without overrides."""
        columns = self._columns()
        facts = [
            (
                partner_id,
                rows[partner_id],
                datetime.fromisoformat(rows[partner_id]["write_date"] or "1970-01-01"),
                sum(not survivorship.is_empty(rows[partner_id][name]) for name in columns),
            )
            for partner_id in group.ids
        ]
        result = {}
        for key in self._keys():
            strategy, priority = strategies.get(key, ("survivor", ()))
            candidates = [
                survivorship.Candidate(
                    partner_id, self._value(row, key), updated, filled, sources.get(partner_id, ""),
                    partner_id == group.survivor,
                )
                for partner_id, row, updated, filled in facts
            ]  # fmt: skip
            result[key] = survivorship.choose(strategy, candidates, priority)
        return result

    @staticmethod
    def _value(row, key):
        return tuple(row.get(name) for name in ADDRESS[:6]) if key == ADDRESS[0] else row.get(key)

    @api.model
    def _values(self, group, rows, choices, booked=()):
        """Return the columns of the survivor that change, as JSON values.

        :param booked: ids of customers with journal items: they keep their company
        """
        old = rows[group.survivor]
        new = {}
        for key, choice in choices.items():
            chosen = rows[group.overrides.get(key, choice.id)]
            for name in ADDRESS if key == ADDRESS[0] else (key,):
                new[name] = chosen.get(name)
        others = [rows[partner_id] for partner_id in group.losers]
        for name in self._combined():
            union = survivorship.combine(old.get(name), [row.get(name) for row in others])
            new[name] = union or old.get(name)
        members = [old, *others]
        for name in SUMMED:
            new[name] = sum(row.get(name) or 0 for row in members)
        new["active"] = any(row["active"] for row in members)
        # Who is known to one company only must not get documents of another one.
        new["company_id"] = old["company_id"] if all(row["company_id"] for row in members) else None
        if not (old["parent_id"] or new.get("is_company") or group.survivor in booked):
            parents = (row["parent_id"] for row in others if row["parent_id"] not in group.ids)
            new["parent_id"] = next(filter(None, parents), None)
        return {name: value for name, value in new.items() if value != old.get(name)}

    # --- what is written ---

    @api.model
    def _write(self, run, groups):
        """Write the golden records and empty the merged ones; journal all of it."""
        rows = self._load([partner_id for group in groups for partner_id in group.ids])
        values = self._all_values(run, groups, rows)
        self._take_image(run)
        self._write_survivors(values)
        self._empty_losers(run)
        self._recompute(values)
        self._journal_image(run)

    @api.model
    def _all_values(self, run, groups, rows):
        sources = self._sources(rows)
        strategies = self.env["crm.merge.rule"]._strategies()
        booked = {
            partner_id
            for (partner_id,) in self.env.execute_query(
                SQL(
                    "SELECT DISTINCT survivor FROM %s p WHERE EXISTS ("
                    "SELECT FROM account_move_line l WHERE l.partner_id = p.survivor)",
                    run.pairs,
                )
            )
        }
        return {
            group.survivor: self._values(
                group, rows, self._choices(group, rows, sources, strategies), booked
            )
            for group in groups
        }

    @api.model
    def _take_image(self, run):
        """Remember the rows of the groups, and of the contacts of the survivors."""
        self.env.cr.execute(
            SQL(
                """
                DROP TABLE IF EXISTS crm_merge_image;
                CREATE TEMPORARY TABLE crm_merge_image ON COMMIT DROP AS
                WITH target AS (SELECT DISTINCT merge_id, survivor FROM %(pairs)s), member AS (
                    SELECT merge_id, survivor AS id, 0 AS rank FROM target
                     UNION ALL SELECT merge_id, loser, 0 FROM %(pairs)s
                     UNION ALL SELECT s.merge_id, c.id, 1 FROM target s
                          JOIN res_partner c ON c.commercial_partner_id = s.survivor
                     UNION ALL SELECT s.merge_id, c.id, 1 FROM target s
                          JOIN res_partner c ON c.parent_id = s.survivor)
                SELECT t.id, m.merge_id, to_jsonb(t) AS row
                  FROM (SELECT DISTINCT ON (id) id, merge_id FROM member ORDER BY id, rank) m
                  JOIN res_partner t ON t.id = m.id;
                ANALYZE crm_merge_image
                """,
                pairs=run.pairs,
            )
        )

    @api.model
    def _write_survivors(self, values):
        columns = sorted({name for changed in values.values() for name in changed})
        cr = self.env.cr
        cr.execute(
            "DROP TABLE IF EXISTS crm_merge_golden_row; CREATE TEMPORARY TABLE"
            " crm_merge_golden_row (id integer PRIMARY KEY, vals jsonb) ON COMMIT DROP"
        )
        execute_values(
            cr._obj,
            "INSERT INTO crm_merge_golden_row VALUES %s",
            [(partner_id, Json(changed)) for partner_id, changed in values.items()],
            page_size=2000,
        )
        assign = [SQL("%(c)s = r.%(c)s", c=SQL.identifier(name)) for name in columns]
        assign += [
            SQL("write_date = now() AT TIME ZONE 'UTC'"),
            SQL("write_uid = %s", self.env.uid),
        ]
        cr.execute(
            SQL(
                """
                UPDATE res_partner t SET %s
                  FROM crm_merge_golden_row g JOIN res_partner old ON old.id = g.id,
                       LATERAL jsonb_populate_record(old, g.vals) r
                 WHERE t.id = g.id
                """,
                SQL(", ").join(assign),
            )
        )

    @api.model
    def _empty_losers(self, run):
        known = set(self.env["crm.merge.engine"]._columns("res_partner"))
        emptied = [SQL("%s = NULL", SQL.identifier(c)) for c in EMPTIED if c in known]
        self.env.cr.execute(
            SQL(
                """
                UPDATE res_partner t
                   SET active = FALSE, merged_into_id = p.survivor, commercial_partner_id = t.id,
                       write_date = now() AT TIME ZONE 'UTC', write_uid = %s, %s
                  FROM %s p WHERE t.id = p.loser
                """,
                self.env.uid,
                SQL(", ").join(emptied),
                run.pairs,
            )
        )

    @api.model
    def _recompute(self, values):
        """Bring the stored computed fields of the customers, and only of them, up to date."""
        self.env.invalidate_all()
        partners = self.env["res.partner"].with_context(active_test=False, show_merged=True)
        for name, field in partners._fields.items():
            if not (field.store and field.compute and field.readonly and field.column_type):
                continue
            causes = {path.split(".")[0] for path in self.env.registry.field_depends[field]}
            own = [key for key, changed in values.items() if not causes.isdisjoint(changed)]
            if name == "partner_share":
                own = list(values)
            if own:
                self.env.add_to_compute(field, partners.browse(own))
        self._sync_contacts(values)
        self.env.flush_all()

    @api.model
    def _sync_contacts(self, values):
        """Give the contacts of the survivors their company's name and commercial fields."""
        Partner = self.env["res.partner"]
        stored = [name for name in Partner._commercial_fields() if Partner._fields[name].store]
        survivors = list(values)
        assign = SQL(", ").join(SQL("%(c)s = s.%(c)s", c=SQL.identifier(name)) for name in stored)
        self.env.cr.execute(
            SQL(
                """
                UPDATE res_partner t SET %s FROM res_partner s
                 WHERE s.id = t.commercial_partner_id AND t.id <> s.id AND s.id = ANY(%s)
                """,
                assign,
                survivors,
            )
        )
        contacts = self.env.execute_query(
            SQL(
                "SELECT i.id FROM crm_merge_image i JOIN res_partner t ON t.id = i.id"
                " WHERE (t.commercial_partner_id = ANY(%(ids)s) OR t.parent_id = ANY(%(ids)s))"
                " AND t.id <> ALL(%(ids)s)",
                ids=survivors,
            )
        )
        contacts = Partner.browse(partner_id for (partner_id,) in contacts)
        for name in ("complete_name", "commercial_partner_id", "commercial_company_name"):
            self.env.add_to_compute(Partner._fields[name], contacts)

    @api.model
    def _journal_image(self, run):
        run.record(
            ROW,
            "res_partner",
            SQL(
                # Materialized: the row would else be turned into JSON once for each of its columns.
                """
                WITH image AS MATERIALIZED (
                    SELECT i.merge_id, i.id, i.row AS was, to_jsonb(t) AS now
                      FROM crm_merge_image i JOIN res_partner t ON t.id = i.id)
                SELECT merge_id, id AS keys, part.old, part.new
                  FROM image, LATERAL (
                       SELECT jsonb_object_agg(key, value) AS old,
                              jsonb_object_agg(key, now -> key) AS new
                         FROM jsonb_each(was) WHERE now -> key IS DISTINCT FROM value) part
                 WHERE was <> now
                """
            ),
        )
