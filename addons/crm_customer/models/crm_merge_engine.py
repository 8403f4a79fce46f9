"""Re-points everything from some rows of a table to others, in a few statements a table.

Core's wizard asks the ORM record by record, and deletes what clashes with a unique index. Here the
catalog of the database and the registry say where references can be; each place costs one
statement for all pairs, and everything that changes goes to the journal.
"""

import re
from contextlib import contextmanager
from typing import NamedTuple

from psycopg2.extras import execute_values

from odoo import api, models
from odoo.tools import SQL, ormcache

POINT, LINK, ROW, DELETE = "point", "link", "row", "delete"


class Place(NamedTuple):
    """A column that may hold ids of the table that is merged."""

    table: str
    column: str
    has_id: bool = True
    where: SQL = SQL("TRUE")  # further condition on the row, as ``t``
    prefix: str | None = None  # text before the id where the column is text


class CrmMergeEngine(models.AbstractModel):
    """Moves all references from merged records to the one that stays; a journal undoes it."""

    _name = "crm.merge.engine"
    _description = "Merge Engine"

    # --- hooks ---

    @api.model
    def _kept_tables(self):
        """Return tables that keep naming the merged records: the history of the merges itself."""
        return {"crm_merge", "crm_merge_partner_rel", "crm_merge_value", "crm_merge_journal"}

    @api.model
    def _before_repoint(self, run):
        """Change rows of an addon's own before references move; for other addons.

        :param Repoint run: ``run.pairs`` names the temporary table (merge_id, loser, survivor) and
            ``run.update_rows`` changes rows and journals them
        """
        if "crm.identity" in self.env:
            # What was the loser's own address is a further one of the survivor.
            run.update_rows(
                "crm_identity",
                ["origin"],
                SQL(
                    "SELECT t.id, p.merge_id, 'added' AS origin FROM crm_identity t"
                    " JOIN %s p ON p.loser = t.partner_id WHERE t.origin = 'contact'",
                    run.pairs,
                ),
            )
        if "loyalty.card" in self.env:
            self._merge_points(run)

    @api.model
    def _merge_points(self, run):
        """Add the points of nominative loyalty cards of one programme, as core does."""
        cards = SQL(
            """
            SELECT c.id, COALESCE(p.merge_id, s.merge_id) AS merge_id, c.points, c.active,
                   SUM(c.points) OVER w AS total, ROW_NUMBER() OVER (
                       PARTITION BY COALESCE(p.survivor, c.partner_id), c.program_id
                       ORDER BY p.loser NULLS FIRST, c.id) AS place,
                   COUNT(*) OVER w AS cards
              FROM loyalty_card c
              JOIN loyalty_program g ON g.id = c.program_id
         LEFT JOIN %(pairs)s p ON p.loser = c.partner_id
         LEFT JOIN (SELECT DISTINCT survivor, merge_id FROM %(pairs)s) s
                ON s.survivor = c.partner_id
             WHERE (p.loser IS NOT NULL OR s.survivor IS NOT NULL) AND c.active
               AND (g.applies_on = 'both'
                    OR (g.program_type IN ('ewallet', 'loyalty') AND g.applies_on = 'future'))
            WINDOW w AS (PARTITION BY COALESCE(p.survivor, c.partner_id), c.program_id)
            """,
            pairs=run.pairs,
        )
        run.update_rows(
            "loyalty_card",
            ["points", "active"],
            SQL(
                "SELECT id, merge_id, CASE WHEN place = 1 THEN total ELSE 0 END AS points,"
                " place = 1 AS active FROM (%s) card WHERE cards > 1",
                cards,
            ),
        )

    # --- catalog ---

    @api.model
    @ormcache("table")
    def _foreign_keys(self, table):
        """Return ((table, column, has an id), …) of everything that references ``table``."""
        return tuple(
            self.env.execute_query(
                SQL(
                    """
                    SELECT DISTINCT c.relname, a.attname, EXISTS (
                               SELECT FROM pg_attribute i WHERE i.attrelid = c.oid
                                  AND i.attname = 'id' AND NOT i.attisdropped)
                      FROM pg_constraint f
                      JOIN pg_class c ON c.oid = f.conrelid
                      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = f.conkey[1]
                     WHERE f.contype = 'f' AND f.confrelid = %s::regclass
                       AND c.relnamespace = current_schema::regnamespace
                       AND CARDINALITY(f.conkey) = 1
                  ORDER BY 1, 2
                    """,
                    table,
                )
            )
        )

    @api.model
    @ormcache("table")
    def _unique_indexes(self, table):
        """Return (([expressions], condition), …) of the unique indexes of ``table``."""
        return tuple(
            (tuple(keys), condition)
            for keys, condition in self.env.execute_query(
                SQL(
                    """
                    SELECT ARRAY(SELECT pg_get_indexdef(i.indexrelid, k, TRUE)
                                   FROM generate_series(1, i.indnkeyatts) k),
                           pg_get_expr(i.indpred, i.indrelid)
                      FROM pg_index i WHERE i.indrelid = %s::regclass AND i.indisunique
                  ORDER BY i.indexrelid
                    """,
                    table,
                )
            )
        )

    @api.model
    @ormcache("table")
    def _columns(self, table):
        """Return the names of the columns that can be inserted."""
        rows = self.env.execute_query(
            SQL(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
                " AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
                table,
            )
        )
        return tuple(name for (name,) in rows)

    @api.model
    @ormcache()
    def _tables(self):
        """Return the names of all tables."""
        query = SQL(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')"
            " AND relnamespace = current_schema::regnamespace"
        )
        return tuple(name for (name,) in self.env.execute_query(query))

    @api.model
    def _places(self, table, model=None):
        """Return every :class:`Place` that may refer to rows of ``table``, records of ``model``."""
        kept = self._kept_tables()
        places = [
            Place(name, column, has_id)
            for name, column, has_id in self._foreign_keys(table)
            if name not in kept
        ]
        return places + [place for place in self._soft_places(model) if place.table not in kept]

    @api.model
    def _soft_places(self, model):
        """Return the places that the database knows nothing of."""
        if not model:
            return []
        result = []
        for other in self._stored_models():
            for field in other._fields.values():
                result += self._soft_places_of_field(other, field, model)
        default_of = SQL(
            "t.field_id IN (SELECT id FROM ir_model_fields WHERE relation = %s"
            " AND ttype = 'many2one')",
            model,
        )
        return [*result, Place("ir_default", "json_value", True, default_of, "")]

    @api.model
    def _stored_models(self):
        """Return the models with a table of their own: some say so and have a view."""
        tables = set(self._tables())
        return [
            model
            for model in map(self.env.__getitem__, sorted(self.env.registry))
            if model._auto and not model._abstract and model._table in tables
        ]

    @api.model
    def _soft_places_of_field(self, other, field, model):
        if not (field.store and field.column_type) or field.inherited:
            return []
        if field.type == "reference":
            return [Place(other._table, field.name, True, SQL("TRUE"), f"{model},")]
        model_field = None
        if field.type == "many2one_reference":
            model_field = field.model_field
        elif field.type == "integer" and field.name == "res_id":
            model_field = "res_model" if "res_model" in other._fields else "model"
        where = model_field and self._names_model(other, model_field, model)
        if not where:
            return []
        if other._name == "ir.attachment" and model == "res.partner":
            # Images: one of them survives, see crm.merge.
            where = SQL("%s AND t.res_field IS NULL", where)
        return [Place(other._table, field.name, True, where)]

    @api.model
    def _names_model(self, other, model_field, model):
        """Return the condition that a row of ``other`` speaks about ``model``, None if unknown."""
        for name, value in (
            (model_field, model),
            (f"{model_field}_id", self.env["ir.model"]._get_id(model)),
        ):
            field = other._fields.get(name)
            if field is not None and field.store and field.column_type:
                return SQL("%s = %s", SQL.identifier("t", name), value)
        return None


class Repoint:
    """One run: a set of pairs of one table, and what follows from them.

    :param env: superuser
    :param bool journal: whether to write what changes to ``crm.merge.journal``
    :param only: if given, a function that says of a table whether its references move
    """

    def __init__(self, env, journal=True, only=None):
        self.env, self.cr = env, env.cr
        self.engine = env["crm.merge.engine"]
        self.journal, self.only = journal, only
        self._depth = 0
        self.pairs = None
        self.touched = set()

    # --- pairs ---

    @contextmanager
    def with_pairs(self, source):
        """Work with pairs: a list of (merge_id, loser, survivor), or a query of them."""
        outer, self._depth = self.pairs, self._depth + 1
        name = f"crm_merge_pairs_{self._depth}"
        self.pairs = SQL.identifier(name)
        self.cr.execute(
            SQL(
                "DROP TABLE IF EXISTS %(name)s; CREATE TEMPORARY TABLE %(name)s ("
                " merge_id integer, loser integer PRIMARY KEY, survivor integer) ON COMMIT DROP",
                name=self.pairs,
            )
        )
        self._fill(name, source)
        self.cr.execute(SQL("ANALYZE %s", self.pairs))
        try:
            yield self
        finally:
            self.pairs, self._depth = outer, self._depth - 1

    def _fill(self, name, source):
        if isinstance(source, SQL):
            self.cr.execute(SQL("INSERT INTO %s %s", self.pairs, source))
        else:
            execute_values(self.cr._obj, f"INSERT INTO {name} VALUES %s", source, page_size=5000)

    # --- the journal ---

    def record(self, kind, table, changed, column=None):
        """Run ``changed``, a statement that returns merge_id, keys, old and new, and journal it.

        It is grouped where ``keys`` are lists of ids.
        """
        if self.journal:
            statement = SQL(
                """
                WITH changed AS (%s)
                INSERT INTO crm_merge_journal
                       (merge_id, kind, table_name, column_name, keys, old, new)
                SELECT merge_id, %s, %s, %s, jsonb_agg(keys), old, new FROM changed
              GROUP BY merge_id, old, new
                """,
                changed,
                kind,
                table,
                column,
            )
        else:
            statement = changed
        self.cr.execute(statement)
        if self.cr.rowcount:
            self.touched.add(table)
        return self.cr.rowcount

    def update_rows(self, table, columns, values):
        """Set columns of rows, journaling each row.

        :param SQL values: a query of id, merge_id and the new values under the columns' names
        """
        same = SQL(" OR ").join(
            SQL("t.%(name)s IS DISTINCT FROM v.%(name)s", name=SQL.identifier(name))
            for name in columns
        )
        assign = SQL(", ").join(
            SQL("%(name)s = v.%(name)s", name=SQL.identifier(name)) for name in columns
        )
        return self.record(
            ROW,
            table,
            SQL(
                """
                UPDATE %(table)s u SET %(assign)s
                  FROM (%(values)s) v JOIN %(table)s t ON t.id = v.id
                 WHERE u.id = v.id AND (%(same)s)
             RETURNING v.merge_id, u.id AS keys, %(old)s AS old, %(new)s AS new
                """,
                table=SQL.identifier(table),
                assign=assign,
                values=values,
                same=same,
                old=self._json("t", columns),
                new=self._json("u", columns),
            ),
        )

    @staticmethod
    def _json(alias, columns):
        pairs = [SQL("%s::text, %s", name, SQL.identifier(alias, name)) for name in columns]
        return SQL("jsonb_build_object(%s)", SQL(", ").join(pairs))

    # --- references ---

    def everything(self, table, model=None):
        """Move all references to the losers of ``self.pairs``, rows of ``table``."""
        for place in self.engine._places(table, model):
            if self.only is None or self.only(place.table):
                self._move(place)
        if model:
            self._move_company_dependent(model)
            self._move_properties(model)

    def _move(self, place):
        t, column = SQL.identifier(place.table), SQL.identifier("t", place.column)
        loser, survivor = self._ids(place)
        names = SQL("FROM %s t JOIN %s p ON %s = %s WHERE %s", t, self.pairs, column, loser,
                    place.where)  # fmt: skip
        if not self.env.execute_query(SQL("SELECT EXISTS (SELECT %s)", names))[0][0]:
            return
        for keys, condition in self.engine._unique_indexes(place.table):
            if any(re.search(rf"\b{place.column}\b", key) for key in keys):
                self._resolve(place, keys, condition)
        self.record(
            POINT if place.has_id else LINK,
            place.table,
            SQL(
                """
                UPDATE %(t)s t SET %(name)s = %(survivor)s FROM %(pairs)s p
                 WHERE %(column)s = %(loser)s AND %(where)s
             RETURNING p.merge_id, %(keys)s AS keys,
                       to_jsonb(%(loser)s) AS old, to_jsonb(%(survivor)s) AS new
                """,
                t=t,
                name=SQL.identifier(place.column),
                survivor=survivor,
                loser=loser,
                pairs=self.pairs,
                column=column,
                where=place.where,
                keys=SQL("t.id") if place.has_id else SQL("to_jsonb(t)"),
            ),
            place.column,
        )

    @staticmethod
    def _ids(place):
        if place.prefix is None:
            return SQL("p.loser"), SQL("p.survivor")
        return (
            SQL("(%s::text || p.loser)", place.prefix),
            SQL("(%s::text || p.survivor)", place.prefix),
        )

    def _resolve(self, place, keys, condition):
        """Make place in a unique index: rows that would be there twice become one before.

        The survivor's row stays, else the oldest one. A row with an id hands over what references
        it, as its customer does, before it goes.
        """
        doubles = self._doubles(place, keys, condition)
        if not place.has_id:
            self._delete(place.table, doubles)
            return
        query = SQL("SELECT merge_id, id, keep FROM (%s) d", doubles)
        with self.with_pairs(query):
            if not self._any_pairs():
                return
            self.everything(place.table, self._model_of(place.table))
            self._delete(
                place.table,
                SQL(
                    "SELECT t.ctid AS row, p.merge_id FROM %s t JOIN %s p ON p.loser = t.id",
                    SQL.identifier(place.table),
                    self.pairs,
                ),  # fmt: skip
            )

    def _any_pairs(self):
        return self.env.execute_query(SQL("SELECT EXISTS (SELECT FROM %s)", self.pairs))[0][0]

    def _model_of(self, table):
        models_ = (m for m in self.engine._stored_models() if m._table == table)
        return next((model._name for model in models_), None)

    def _doubles(self, place, keys, condition):
        """Return a query of the rows that must go: row (ctid), merge_id, and id and keep if any."""
        others = [
            SQL("t.%s", SQL.identifier(name))
            for name in self.engine._columns(place.table)
            if name != place.column
        ]
        loser, survivor = self._ids(place)
        # The expressions of the index come from the catalog of the database, not from a user.
        keys = [SQL(key.replace("%", "%%")) for key in keys]
        parts = SQL(", ").join(keys)
        known = SQL(" AND ").join(SQL("(%s) IS NOT NULL", key) for key in keys)
        return SQL(
            """
            SELECT _row AS row, _merge AS merge_id %(ids)s FROM (
                SELECT x.*, ROW_NUMBER() OVER w AS _place %(keep)s FROM (
                    SELECT t.ctid AS _row, p.merge_id AS _merge, p.loser IS NOT NULL AS _lost,
                           COALESCE(%(survivor)s, %(column)s) AS %(name)s, %(others)s
                      FROM %(t)s t LEFT JOIN %(pairs)s p ON %(column)s = %(loser)s
                     WHERE %(where)s AND (p.loser IS NOT NULL OR %(column)s IN (
                           SELECT %(survivor)s FROM %(pairs)s p))
                ) x WHERE (%(condition)s) AND %(known)s
                WINDOW w AS (PARTITION BY %(parts)s ORDER BY _lost %(order)s)
            ) y WHERE _place > 1 AND _lost
            """,
            ids=SQL(", id, _keep AS keep") if place.has_id else SQL(),
            keep=SQL(", FIRST_VALUE(id) OVER w AS _keep") if place.has_id else SQL(),
            order=SQL(", id") if place.has_id else SQL(),
            survivor=survivor,
            loser=loser,
            column=SQL.identifier("t", place.column),
            name=SQL.identifier(place.column),
            others=SQL(", ").join(others) if others else SQL("1 AS _one"),
            t=SQL.identifier(place.table),
            pairs=self.pairs,
            where=place.where,
            condition=SQL(condition.replace("%", "%%")) if condition else SQL("TRUE"),
            known=known,
            parts=parts,
        )

    def _delete(self, table, doubles):
        self.record(
            DELETE,
            table,
            SQL(
                """
                DELETE FROM %(t)s t USING (%(doubles)s) d WHERE t.ctid = d.row
             RETURNING d.merge_id, to_jsonb(t) AS keys, NULL::jsonb AS old, NULL::jsonb AS new
                """,
                t=SQL.identifier(table),
                doubles=doubles,
            ),
        )

    def _move_company_dependent(self, model):
        """Replace ids within company-dependent columns, for all companies."""
        for field in self.env.registry.many2one_company_dependents[model]:
            table = self.env[field.model_name]._table
            # A row may name losers of several merges: each merge has its own entry.
            while self._move_in_json(table, field.name):
                pass

    def _move_in_json(self, table, column):
        return self.update_rows(
            table,
            [column],
            SQL(
                """
                SELECT t.id, first.merge_id, (
                           SELECT jsonb_object_agg(e.key, COALESCE(to_jsonb(p.survivor), e.value))
                             FROM jsonb_each(%(column)s) e
                        LEFT JOIN %(pairs)s p ON to_jsonb(p.loser) = e.value
                                             AND p.merge_id IS NOT DISTINCT FROM first.merge_id
                       ) AS %(name)s
                  FROM %(t)s t JOIN LATERAL (
                           SELECT p.merge_id FROM jsonb_each(%(column)s) e
                             JOIN %(pairs)s p ON to_jsonb(p.loser) = e.value
                         ORDER BY 1 LIMIT 1) first ON TRUE
                 WHERE %(column)s IS NOT NULL
                """,
                column=SQL.identifier("t", column),
                name=SQL.identifier(column),
                t=SQL.identifier(table),
                pairs=self.pairs,
            ),
        )

    def _move_properties(self, model):
        """Replace ids within property values whose definition points to ``model``."""
        names = self._property_names(model)
        if not names:
            return
        for other in self.engine._stored_models():
            for field in other._fields.values():
                if field.type == "properties" and field.store and not field.inherited:
                    while self._move_in_properties(other._table, field.name, names):
                        pass

    def _property_names(self, model):
        names = set()
        for other in self.engine._stored_models():
            for field in other._fields.values():
                if field.type == "properties_definition" and field.store and not field.inherited:
                    rows = self.env.execute_query(
                        SQL(
                            "SELECT DISTINCT d->>'name' FROM %s t, jsonb_array_elements(%s) d"
                            " WHERE jsonb_typeof(%s) = 'array' AND d->>'comodel' = %s",
                            SQL.identifier(other._table),
                            SQL.identifier("t", field.name),
                            SQL.identifier("t", field.name),
                            model,
                        )
                    )
                    names.update(name for (name,) in rows)
        return sorted(names)

    def _move_in_properties(self, table, column, names):
        """As in a company-dependent column; a list of ids loses its doubles."""
        return self.update_rows(
            table,
            [column],
            SQL(
                """
                SELECT t.id, first.merge_id, %(column)s || (
                           SELECT jsonb_object_agg(e.key, CASE jsonb_typeof(e.value)
                                  WHEN 'array' THEN (
                                      SELECT jsonb_agg(id ORDER BY place) FROM (
                                          SELECT COALESCE(to_jsonb(p.survivor), i.value) AS id,
                                                 MIN(i.ordinality) AS place
                                            FROM jsonb_array_elements(e.value)
                                                 WITH ORDINALITY i
                                       LEFT JOIN %(pairs)s p ON to_jsonb(p.loser) = i.value
                                             AND p.merge_id IS NOT DISTINCT FROM first.merge_id
                                        GROUP BY 1) ids)
                                  ELSE COALESCE((
                                      SELECT to_jsonb(p.survivor) FROM %(pairs)s p
                                       WHERE to_jsonb(p.loser) = e.value
                                         AND p.merge_id IS NOT DISTINCT FROM first.merge_id),
                                      e.value) END)
                             FROM jsonb_each(%(column)s) e WHERE e.key = ANY(%(names)s)
                       ) AS %(name)s
                  FROM %(t)s t JOIN LATERAL (
                           SELECT p.merge_id FROM jsonb_each(%(column)s) e
                             JOIN %(pairs)s p ON e.value = to_jsonb(p.loser)
                               OR (jsonb_typeof(e.value) = 'array'
                                   AND e.value @> to_jsonb(p.loser))
                            WHERE e.key = ANY(%(names)s) ORDER BY 1 LIMIT 1) first ON TRUE
                 WHERE jsonb_typeof(%(column)s) = 'object'
                """,
                column=SQL.identifier("t", column),
                name=SQL.identifier(column),
                t=SQL.identifier(table),
                pairs=self.pairs,
                names=names,
            ),
        )
