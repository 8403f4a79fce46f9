"""Takes a merge back, entry by entry of its journal, the last one first."""

import psycopg2
from psycopg2.extras import Json

from odoo.tools import SQL, mute_logger

from .crm_merge_engine import DELETE, LINK, POINT

#: values of the moment: they are restored where nothing else changed, and never a conflict
STAMPS = {"write_date", "write_uid"}


class Undo:
    """One run. ``notes`` are (reason, table, column, ids, values that stay).

    Nothing that happened since the merge is lost: a value that was changed later stays, what was
    created later stays with the survivor, what was deleted later stays deleted. Each is noted.
    """

    def __init__(self, env):
        self.env, self.cr = env, env.cr
        self.engine = env["crm.merge.engine"]
        self.notes = []

    def run(self, merge_id):
        """Undo all entries of a merge."""
        entries = self.env.execute_query(
            SQL(
                "SELECT kind, table_name, column_name, keys, old, new FROM crm_merge_journal"
                " WHERE merge_id = %s ORDER BY id DESC",
                merge_id,
            )
        )
        for kind, table, column, keys, old, new in entries:
            if table not in self.engine._tables():
                self.notes.append(("gone", table, column, len(keys), None))
            elif kind == POINT:
                self._point(table, column, keys, old, new)
            elif kind == LINK:
                self._link(table, column, keys, old)
            elif kind == DELETE:
                self._insert(table, keys)
            else:
                for row_id in keys:
                    self._row(table, row_id, old, new)

    def _point(self, table, column, ids, old, new):
        t, c = SQL.identifier(table), SQL.identifier(column)
        back = self.env.execute_query(
            SQL("UPDATE %s SET %s = %s WHERE id = ANY(%s) AND %s = %s RETURNING id",
                t, c, old, ids, c, new)  # fmt: skip
        )
        left = set(ids) - {row_id for (row_id,) in back}
        if left:
            there = dict(
                self.env.execute_query(
                    SQL("SELECT id, to_jsonb(%s) FROM %s WHERE id = ANY(%s)", c, t, list(left))
                )
            )
            self._note("changed", table, column, sorted(there), there)
            self._note("deleted", table, column, sorted(left - there.keys()))

    def _link(self, table, column, rows, old):
        names = [SQL.identifier(name) for name in self.engine._columns(table)]
        self.cr.execute(
            SQL(
                """
                UPDATE %(t)s t SET %(c)s = %(old)s
                  FROM jsonb_populate_recordset(NULL::%(t)s, %(rows)s) r
                 WHERE (%(mine)s) = (%(theirs)s)
                """,
                t=SQL.identifier(table),
                c=SQL.identifier(column),
                old=old,
                rows=Json(rows),
                mine=SQL(", ").join(SQL("t.%s", name) for name in names),
                theirs=SQL(", ").join(SQL("r.%s", name) for name in names),
            )
        )
        if self.cr.rowcount < len(rows):
            self._note("deleted", table, column, len(rows) - self.cr.rowcount)

    def _insert(self, table, rows):
        """Put removed doubles back; where something they need is gone, all the others."""
        try:
            with mute_logger("odoo.sql_db"), self.cr.savepoint():
                count = self._insert_rows(table, rows)
        except psycopg2.IntegrityError:
            if len(rows) > 1:
                for row in rows:
                    self._insert(table, [row])
                return
            count = 0
        if count < len(rows):
            self._note("needed", table, None, len(rows) - count)

    def _insert_rows(self, table, rows):
        names = SQL(", ").join(SQL.identifier(name) for name in self.engine._columns(table))
        self.cr.execute(
            SQL(
                "INSERT INTO %(t)s (%(names)s) SELECT %(names)s"
                " FROM jsonb_populate_recordset(NULL::%(t)s, %(rows)s) ON CONFLICT DO NOTHING",
                t=SQL.identifier(table),
                names=names,
                rows=Json(rows),
            )
        )
        return self.cr.rowcount

    def _row(self, table, row_id, old, new):
        t = SQL.identifier(table)
        found = self.env.execute_query(
            SQL("SELECT to_jsonb(t) FROM %s t WHERE id = %s FOR UPDATE", t, row_id)
        )
        if not found:
            self._note("deleted", table, None, [row_id])
            return
        now = found[0][0]
        columns = set(self.engine._columns(table)) & old.keys()
        kept = {name for name in columns - STAMPS if now.get(name) != new.get(name)}
        back = columns - kept - (STAMPS if kept else set())
        for name in sorted(kept):
            values = {row_id: now.get(name), "before": old[name]}
            self._note("changed", table, name, [row_id], values)
        if back:
            self._restore(t, row_id, sorted(back), old)

    def _restore(self, t, row_id, columns, old):
        names = [SQL.identifier(name) for name in columns]
        self.cr.execute(
            SQL(
                "UPDATE %(t)s t SET %(assign)s"
                " FROM jsonb_populate_record(NULL::%(t)s, %(old)s) r WHERE t.id = %(id)s",
                t=t,
                assign=SQL(", ").join(SQL("%(c)s = r.%(c)s", c=name) for name in names),
                old=Json({name: old[name] for name in columns}),
                id=row_id,
            )
        )

    def _note(self, reason, table, column, ids, values=None):
        if ids:
            self.notes.append((reason, table, column, ids, values))
