"""One statement that tells, or keeps, who is a member of several segments."""

from dataclasses import dataclass, field

from odoo.tools import SQL

#: An active commercial entity. The database takes the equality of two columns for a rarity and
#: would go through its tables row by row; within CASE it expects every second row.
CUSTOMER = SQL(
    "res_partner.active"
    " AND CASE WHEN res_partner.commercial_partner_id = res_partner.id THEN TRUE ELSE FALSE END"
)


@dataclass
class _Events:
    """Events that several conditions look at, read once for all of them."""

    source: SQL
    where: list
    leaves: list = field(default_factory=list)  # (filters, test)

    def select(self):
        """Return one row a customer (``id``) with a Boolean column for each condition."""
        common = [part for part in self._shared() if part]
        alone = len(self.leaves) == 1
        columns = [
            SQL(
                "COALESCE(%s, FALSE) AS %s",
                test([] if alone else filters),
                SQL.identifier(f"leaf_{number}"),
            )
            for number, (filters, test) in enumerate(self.leaves)
        ]
        return SQL(
            "SELECT event.partner_id AS id, %s FROM (%s) event WHERE %s GROUP BY event.partner_id",
            SQL(", ").join(columns),
            self.source,
            SQL(" AND ").join(self.where + common),
        )

    def _shared(self):
        """Return what every event must meet to matter to any of the conditions."""
        if all(filters for filters, _test in self.leaves):
            parts = [SQL("(%s)", SQL(" AND ").join(filters)) for filters, _test in self.leaves]
            yield SQL("(%s)", SQL(" OR ").join(parts))


class SegmentQuery:
    """Common table expressions of the segments of one statement.

    Sources of behaviour are read once however many conditions ask for them, and a segment that
    refers to another one of the same statement reads its new members.
    """

    def __init__(self, partner_ids=None):
        """:param partner_ids: None, or ids of the only customers in question"""
        # As a literal: an array of a thousand parsed expressions costs as much as the search.
        ids = None if partner_ids is None else ",".join(map(str, partner_ids))
        self._only = ids if ids is None else f"{{{ids}}}"
        self._events = {}
        self._targets = {}

    @property
    def is_partial(self):
        """Whether it asks about some customers only, which decides how it is built."""
        return self._only is not None

    def only(self, column):
        """Return the conditions (none or one) that ``column`` is a customer in question."""
        return [SQL("%s = ANY(%s::integer[])", column, self._only)] if self.is_partial else []

    @property
    def customers(self):
        """Return the table ``res_partner`` that segments choose from."""
        if self.is_partial:
            return SQL("customers AS res_partner")
        return SQL("res_partner")

    def add(self, segment):
        """Have the statement find the members of a segment; those it refers to come first."""
        self._targets[segment.id] = segment._member_sql(self)

    def members_of(self, segment_id):
        """Return a query of the members (``id``) of a segment that another one refers to."""
        if segment_id in self._targets:
            return SQL("SELECT id FROM %s", self._target(segment_id))
        column = SQL("partner_id")
        where = [SQL("segment_id = %s", segment_id), SQL("date_out IS NULL"), *self.only(column)]
        return SQL(
            "SELECT partner_id AS id FROM crm_segment_member WHERE %s", SQL(" AND ").join(where)
        )

    def events(self, key, source, where, leaf):
        """Return a query of the customers (``id``) for whom a condition on events holds.

        :param key: conditions with the same key share ``source`` and ``where``
        :param leaf: filters of the events of this condition, and a function that returns the
            test of a customer's events that meet the filters it is given
        """
        column = SQL("event.partner_id")
        required = [SQL("event.partner_id IS NOT NULL"), *where, *self.only(column)]
        events = self._events.setdefault(key, _Events(source, required))
        number = list(self._events).index(key)
        events.leaves.append(leaf)
        return SQL(
            "SELECT id FROM %s WHERE %s",
            SQL.identifier(f"events_{number}"),
            SQL.identifier(f"leaf_{len(events.leaves) - 1}"),
        )

    def with_tables(self, *more):
        """Return the WITH clause; ``more`` are further expressions for its end."""
        tables = []
        if self.is_partial:
            [those] = self.only(SQL("id"))
            few = SQL("SELECT * FROM res_partner WHERE %s AND %s", those, CUSTOMER)
            tables.append(SQL("customers AS MATERIALIZED (%s)", few))
        tables += [
            SQL("%s AS MATERIALIZED (%s)", SQL.identifier(f"events_{number}"), events.select())
            for number, events in enumerate(self._events.values())
        ]
        tables += [
            SQL("%s AS MATERIALIZED (%s)", self._target(segment_id), query)
            for segment_id, query in self._targets.items()
        ]
        return SQL("WITH %s", SQL(", ").join([*tables, *more]))

    def targets(self):
        """Return a query of all members (``segment_id``, ``partner_id``) as they should be."""
        parts = [
            SQL("SELECT %s AS segment_id, id AS partner_id FROM %s", one, self._target(one))
            for one in self._targets
        ]
        return SQL(" UNION ALL ").join(parts)

    @staticmethod
    def _target(segment_id):
        return SQL.identifier(f"target_{segment_id}")

    # -- keeping members --

    def refresh_sql(self, now, today):
        """Return the statement that lets members enter and leave, and notes the figures.

        It returns a row a segment: id, number of members, of those who entered and who left.
        """
        return SQL(
            "%s SELECT segment_id, total, entered, exited FROM figures",
            self.with_tables(
                SQL("target AS NOT MATERIALIZED (%s)", self.targets()),
                SQL("present AS MATERIALIZED (%s)", self._present()),
                SQL("leaving AS (%s)", self._leaving(now)),
                SQL("entering AS (%s)", self._entering(now)),
                SQL("figures AS MATERIALIZED (%s)", self._figures()),
                SQL("noted AS (%s)", self._noted(today)),
                SQL("counted AS (%s)", self._counted(now)),
            ),
        )

    def _present(self):
        where = [
            SQL("segment_id = ANY(%s)", list(self._targets)),
            SQL("date_out IS NULL"),
            *self.only(SQL("partner_id")),
        ]
        return SQL(
            "SELECT id, segment_id, partner_id FROM crm_segment_member WHERE %s",
            SQL(" AND ").join(where),
        )

    def _leaving(self, now):
        return SQL(
            """UPDATE crm_segment_member SET date_out = %s
                WHERE id = ANY(ARRAY(
                      SELECT present.id FROM present LEFT JOIN target
                       USING (segment_id, partner_id) WHERE target.partner_id IS NULL))
            RETURNING segment_id""",
            now,
        )

    def _entering(self, now):
        return SQL(
            """INSERT INTO crm_segment_member (segment_id, partner_id, date_in)
               SELECT target.segment_id, target.partner_id, %s
                 FROM target LEFT JOIN present USING (segment_id, partner_id)
                WHERE present.id IS NULL
          ON CONFLICT DO NOTHING RETURNING segment_id""",
            now,
        )

    def _figures(self):
        total = SQL("segment.member_count + COALESCE(n_in, 0) - COALESCE(n_out, 0)")
        if not self.is_partial:
            # Everybody was looked at: counted anew, whatever was lost meanwhile.
            total = SQL(
                "(SELECT COUNT(*) FROM target WHERE target.segment_id = segment.id)::integer"
            )
        return SQL(
            """SELECT segment.id AS segment_id, COALESCE(%s, 0) AS total,
                      COALESCE(n_in, 0) AS entered, COALESCE(n_out, 0) AS exited
                 FROM crm_segment segment
            LEFT JOIN (SELECT segment_id, COUNT(*)::integer AS n_in FROM entering GROUP BY 1) come
                   ON come.segment_id = segment.id
            LEFT JOIN (SELECT segment_id, COUNT(*)::integer AS n_out FROM leaving GROUP BY 1) gone
                   ON gone.segment_id = segment.id
                WHERE segment.id = ANY(%s)""",
            total,
            list(self._targets),
        )

    def _worth_noting(self):
        return SQL("entered + exited > 0") if self.is_partial else SQL("TRUE")

    def _noted(self, today):
        """Keep the figures of today; several refreshes of a day add up."""
        return SQL(
            """INSERT INTO crm_segment_snapshot AS had
                      (segment_id, date, member_count, entered, exited)
               SELECT segment_id, %s, total, entered, exited FROM figures WHERE %s
                   ON CONFLICT (segment_id, date) DO UPDATE
                  SET member_count = EXCLUDED.member_count,
                      entered = had.entered + EXCLUDED.entered,
                      exited = had.exited + EXCLUDED.exited""",
            today,
            self._worth_noting(),
        )

    def _counted(self, now):
        done = SQL("") if self.is_partial else SQL(", last_attempt = %s, error = NULL", now)
        return SQL(
            """UPDATE crm_segment SET member_count = total, last_refresh = %s%s
                 FROM figures WHERE figures.segment_id = crm_segment.id AND %s""",
            now,
            done,
            self._worth_noting(),
        )
