from dataclasses import dataclass

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, Query


@dataclass(frozen=True)
class FollowUp:
    """One kind of follow-up: a query of ``id`` (the record) and ``at`` (UTC timestamp).

    It may use these tables, which exist while the statement runs:

    * ``scope``: the owned records, ``id``, ``user_id`` (owner), ``author_id`` (its partner);
    * ``people``: who belongs to a record: ``id``, ``contact_id`` (partner), ``user_id``,
      ``author_id``. For a customer these are its contacts and itself, for a lead its partner.

    ``is_deal`` says that it counts as an order or payment, too.
    """

    query: SQL
    is_deal: bool = False


class CrmPoolDecision(models.AbstractModel):
    """What the rules of a pool mean for the records today: one SQL statement.

    ``engine/recycling.py`` says the same in Python, a test holds them together.
    """

    _name = "crm.pool.decision"
    _description = "Recycling Decision"

    # ------------------------------------------------------------------
    # Hooks

    @api.model
    def _follow_ups(self, pool):
        """Return {name: FollowUp} of a pool. Addons call super() and add kinds of their own.

        The owner must have done it, except for what customers do themselves: orders, payments.
        """
        if pool.res_model == "crm.lead":
            return self._follow_ups_of_leads(pool)
        return self._follow_ups_of_customers(pool)

    @api.model
    def _documents(self):
        """Return {model: table} of documents with a ``partner_id`` whose mails and activities count
        for the customer. Addons add theirs."""
        return {"crm.lead": "crm_lead", "sale.order": "sale_order", "account.move": "account_move"}

    @api.model
    def _exemptions(self, pool):
        """Return {reason: query of record ids} that are not recycled, in the order of naming.

        Reasons of addons need an entry in the selection of ``crm.pool.run.line``'s action.
        """
        result = {}
        if pool.exempt_opportunity:
            result["opportunity"] = self._sql_open_opportunities(pool)
        if pool.exempt_dealt:
            result["dealt"] = self._sql_dealt(pool)
        return result

    # ------------------------------------------------------------------
    # Follow-ups

    def _follow_ups_of_customers(self, pool):
        documents = self._documents()
        mails = [self._sql_mails("res.partner", SQL("people"), SQL("people.contact_id"))]
        activities = [
            self._sql_activities(pool, "res.partner", SQL("people"), SQL("people.contact_id"))
        ]
        for model, table in documents.items():
            joined = SQL(
                "%s AS document JOIN people ON document.partner_id = people.contact_id",
                SQL.identifier(table),
            )
            mails.append(self._sql_mails(model, joined, SQL("document.id")))
            activities.append(self._sql_activities(pool, model, joined, SQL("document.id")))
        return {
            "mail": FollowUp(SQL(" UNION ALL ").join(mails)),
            "activity": FollowUp(SQL(" UNION ALL ").join(activities)),
            "meeting": FollowUp(self._sql_meetings()),
            "visit": FollowUp(
                SQL(
                    """SELECT people.id, v.check_in AS at
                         FROM crm_visit v JOIN people ON people.contact_id = v.partner_id
                          AND people.user_id = v.user_id
                        WHERE v.check_in IS NOT NULL"""
                )
            ),
            "order": FollowUp(self._sql_orders(SQL("o.partner_id = people.contact_id")), True),
            "payment": FollowUp(self._sql_payments(pool), True),
        }

    def _follow_ups_of_leads(self, pool):
        lead = SQL("scope AS people")
        return {
            "mail": FollowUp(self._sql_mails("crm.lead", lead, SQL("people.id"))),
            "activity": FollowUp(self._sql_activities(pool, "crm.lead", lead, SQL("people.id"))),
            "meeting": FollowUp(
                SQL(
                    """SELECT people.id, e.start AS at
                         FROM calendar_event e JOIN scope AS people ON people.id = e.opportunity_id
                        WHERE e.active AND e.start <= %s AND %s""",
                    fields.Datetime.now(),
                    self._sql_took_part(),
                )
            ),
            "visit": FollowUp(
                SQL(
                    """SELECT people.id, v.check_in AS at
                         FROM crm_visit v JOIN scope AS people ON people.id = v.lead_id
                          AND people.user_id = v.user_id
                        WHERE v.check_in IS NOT NULL"""
                )
            ),
            "order": FollowUp(
                SQL(
                    """SELECT people.id, o.date_order AS at
                         FROM sale_order o JOIN scope AS people ON people.id = o.opportunity_id
                        WHERE o.state = 'sale'"""
                ),
                True,
            ),
        }

    def _sql_mails(self, model, source, res_id):
        """Mails and messages that the owner sent; notes among colleagues are none."""
        return SQL(
            """SELECT people.id, m.date AS at
                 FROM %s JOIN mail_message m ON m.model = %s AND m.res_id = %s
                  AND m.author_id = people.author_id
                WHERE m.is_internal IS NOT TRUE
                  AND (m.message_type IN ('email', 'email_outgoing')
                       OR (m.message_type = 'comment' AND m.subtype_id IN (
                           SELECT id FROM mail_message_subtype WHERE internal IS NOT TRUE)))""",
            source,
            model,
            res_id,
        )

    def _sql_activities(self, pool, model, source, res_id):
        """Calls and other activities of the owner that are done; our reminder is none."""
        return SQL(
            """SELECT people.id, %s AS at
                 FROM %s JOIN mail_activity a ON a.res_model = %s AND a.res_id = %s
                  AND a.user_id = people.user_id
                WHERE a.active IS NOT TRUE AND a.date_done IS NOT NULL
                  AND a.activity_type_id IS DISTINCT FROM %s""",
            self._sql_begin(pool, SQL("a.date_done")),
            source,
            model,
            res_id,
            self.env["crm.pool.run"]._reminder_type().id or None,
        )

    def _sql_meetings(self):
        return SQL(
            """SELECT people.id, e.start AS at
                 FROM calendar_event e
                 JOIN calendar_event_res_partner_rel r ON r.calendar_event_id = e.id
                 JOIN people ON people.contact_id = r.res_partner_id
                WHERE e.active AND e.start <= %s AND %s""",
            fields.Datetime.now(),
            self._sql_took_part(),
        )

    def _sql_took_part(self):
        return SQL(
            """(e.user_id = people.user_id OR EXISTS (
                SELECT FROM calendar_event_res_partner_rel own
                 WHERE own.calendar_event_id = e.id AND own.res_partner_id = people.author_id))"""
        )

    def _sql_orders(self, condition):
        return SQL(
            """SELECT people.id, o.date_order AS at
                 FROM sale_order o JOIN people ON %s WHERE o.state = 'sale'""",
            condition,
        )

    def _sql_payments(self, pool):
        return SQL(
            """SELECT people.id, %s AS at
                 FROM account_payment pay JOIN people ON people.contact_id = pay.partner_id
                WHERE pay.partner_type = 'customer' AND pay.payment_type = 'inbound'
                  AND pay.state IN ('in_process', 'paid')""",
            self._sql_begin(pool, SQL("pay.date")),
        )

    # ------------------------------------------------------------------
    # Exemptions

    def _sql_open_opportunities(self, pool):
        if pool.res_model == "crm.lead":
            return SQL(
                """SELECT scope.id FROM scope JOIN crm_lead l ON l.id = scope.id
                    WHERE l.type = 'opportunity'"""
            )
        return SQL(
            """SELECT people.id FROM people JOIN crm_lead l ON l.partner_id = people.contact_id
                WHERE l.type = 'opportunity' AND l.active AND l.won_status = 'pending'"""
        )

    def _sql_dealt(self, pool):
        if pool.res_model == "crm.lead":
            return SQL(
                """SELECT scope.id FROM scope JOIN sale_order o ON o.opportunity_id = scope.id
                    WHERE o.state = 'sale'"""
            )
        return SQL(
            """SELECT people.id FROM people JOIN sale_order o ON o.partner_id = people.contact_id
                WHERE o.state = 'sale'
            UNION ALL
               SELECT scope.id FROM scope JOIN account_move v ON v.commercial_partner_id = scope.id
                WHERE v.state = 'posted' AND v.move_type = 'out_invoice'"""
        )

    # ------------------------------------------------------------------
    # The statement

    @api.model
    def _decide(self, pool, ids=None, every=False):
        """Return what today means for the owned records of a pool, as dictionaries.

        :param pool: one ``crm.pool``
        :param ids: only these records
        :param bool every: also records with which nothing is to be done
        :return: ``id``, ``user_id``, ``level_id``, ``at`` (last follow-up, UTC, or None),
            ``idle`` (days), ``days_left`` (None for never), ``action``
        """
        self.env.flush_all()
        action = SQL("TRUE") if every else SQL("action <> 'none'")
        return self.env.execute_query_dict(
            SQL("%s SELECT * FROM decided WHERE %s ORDER BY id", self._sql_with(pool, ids), action)
        )

    @api.model
    def _sql_with(self, pool, ids=None):
        """Return ``WITH …`` up to the table ``decided``."""
        people = SQL("SELECT id, NULL::integer AS contact_id, user_id, author_id FROM scope")
        if pool.res_model == "res.partner":
            people = SQL(
                """SELECT scope.id, c.id AS contact_id, scope.user_id, scope.author_id
                     FROM res_partner c JOIN scope ON scope.id = c.commercial_partner_id"""
            )
        return SQL(
            """WITH scope AS MATERIALIZED (%(scope)s), people AS (%(people)s),
                    touch AS (
                        SELECT id, MAX(at) AS at, MAX(at) FILTER (WHERE deal) AS deal_at
                          FROM (%(touch)s) AS each_touch GROUP BY id
                    ), counted AS (
                        SELECT scope.*, touch.at, limits.remind_days,
                               %(today)s - GREATEST(%(at)s, %(assigned)s) AS idle,
                               LEAST(limits.follow_days - (
                                        %(today)s - GREATEST(%(at)s, %(assigned)s)),
                                     limits.deal_days - (
                                        %(today)s - GREATEST(%(deal)s, %(assigned)s))
                               ) AS days_left
                          FROM scope
                          JOIN (VALUES %(limits)s) AS limits (
                               level_id, follow_days, deal_days, remind_days)
                            ON limits.level_id = COALESCE(scope.level_id, 0)
                     LEFT JOIN touch ON touch.id = scope.id
                    ), decided AS (
                        SELECT id, user_id, level_id, at, idle, days_left, CASE
                               WHEN days_left IS NULL OR days_left > remind_days THEN 'none'
                               %(exempt)s
                               WHEN days_left <= 0 THEN 'recycle'
                               WHEN reminded_for = %(today)s + days_left THEN 'reminded'
                               ELSE 'remind' END AS action
                          FROM counted
                    )""",
            scope=self._sql_scope(pool, ids),
            people=people,
            touch=self._sql_touch(pool),
            limits=self._sql_limits(pool),
            exempt=self._sql_exempt(pool),
            today=SQL("%s::date", pool._today()),
            at=self._sql_local(pool, SQL("touch.at")),
            deal=self._sql_local(pool, SQL("touch.deal_at")),
            assigned=self._sql_local(pool, SQL("scope.assigned")),
        )

    def _sql_scope(self, pool, ids):
        """Return the owned records that the pool governs."""
        model = self.env[pool.res_model]
        domain = pool._scope_domain()
        if ids is not None:
            domain &= Domain("id", "in", ids)
        query = model._search(domain)
        if query.is_empty():
            query = Query(self.env, model._table, model._table_sql)
            query.add_where("FALSE")
        table = SQL.identifier(model._table)
        level = SQL("%s.customer_level_id", table)
        if pool.res_model == "crm.lead":
            level = SQL(
                "(SELECT customer_level_id FROM res_partner c WHERE c.id = %s.partner_id)", table
            )
        return SQL(
            """SELECT picked.*, owner.partner_id AS author_id
                 FROM (%s) AS picked JOIN res_users owner ON owner.id = picked.user_id""",
            query.select(
                SQL("%s.id", table),
                SQL("%s.user_id", table),
                SQL("COALESCE(%(t)s.owner_since, %(t)s.create_date) AS assigned", t=table),
                SQL("%s.pool_reminded_for AS reminded_for", table),
                SQL(
                    """(%(t)s.pool_locked IS TRUE AND (%(t)s.pool_lock_until IS NULL
                        OR %(t)s.pool_lock_until >= %(today)s)) AS locked""",
                    t=table,
                    today=pool._today(),
                ),
                SQL("%s AS level_id", level),
            ),
        )

    def _sql_touch(self, pool):
        return SQL(" UNION ALL ").join(
            SQL("SELECT id, at, %s AS deal FROM (%s) AS touch_of_kind", kind.is_deal, kind.query)
            for kind in self._follow_ups(pool).values()
        )

    def _sql_limits(self, pool):
        return SQL(", ").join(
            SQL(
                "(%s, %s::integer, %s::integer, %s)",
                level,
                limits.follow_days,
                limits.deal_days,
                limits.remind_days,
            )
            for level, limits in pool._limits().items()
        )

    def _sql_exempt(self, pool):
        parts = [SQL("WHEN locked THEN 'locked'")] if pool.exempt_locked else []
        parts += [
            SQL("WHEN id IN (%s) THEN %s", query, reason)
            for reason, query in self._exemptions(pool).items()
        ]
        return SQL(" ").join(parts)

    def _sql_local(self, pool, moment):
        """Return the day of a UTC timestamp in the time zone of the pool's company."""
        return SQL("(%s AT TIME ZONE 'UTC' AT TIME ZONE %s)::date", moment, pool._zone().zone)

    def _sql_begin(self, pool, day):
        """Return the UTC timestamp at which a day of the pool's company begins."""
        return SQL("(%s::timestamp AT TIME ZONE %s AT TIME ZONE 'UTC')", day, pool._zone().zone)
