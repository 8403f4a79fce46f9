from collections import defaultdict
from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models
from odoo.tools import SQL

from ..engine.routing import Person

#: how far ahead working hours are looked at
AHEAD = timedelta(days=7)


class CrmLeadRoutePeople(models.AbstractModel):
    """What the router must know of people, asked for many at once."""

    _name = "crm.lead.route.people"
    _description = "People of Lead Routing"

    @api.model
    def _load(self, pools, company):
        """Return ``{pool: [Person]}``.

        :param pools: ``{key: (rule, rows)}``; a row is a dictionary of ``user`` and, as far as it
            applies, the limits of :class:`~..engine.routing.Person` and ``paused``
        :param company: the company whose leads are routed
        """
        users = {row["user"] for _rule, rows in pools.values() for row in rows}
        able = self._able(users, company)
        loads, today = self._open_weights(able), self._leads_today(able, company)
        away = self._availability(able, company)
        turns = self._turns(
            {(rule.id, row["user"]) for rule, rows in pools.values() for row in rows}
        )
        return {
            key: [
                Person(
                    row["user"],
                    sequence=number,
                    load=loads.get(row["user"], 0.0),
                    today=today.get(row["user"], 0),
                    last=turns.get((rule.id, row["user"]), 0),
                    **row.get("limits", {}),
                    **away.get(row["user"], {}),
                )
                for number, row in enumerate(rows)
                if row["user"] in able and not row.get("paused")
            ]
            for key, (rule, rows) in pools.items()
        }

    @api.model
    def _able(self, user_ids, company):
        """Return the ids of those who are active and may work for the company."""
        users = self.env["res.users"].sudo().browse(user_ids)  # sudo: whoever creates a lead
        return {user.id for user in users if user.active and company in user.company_ids}

    @api.model
    def _open_weights(self, user_ids):
        """Return ``{user id: sum of the stage weights of open leads}``."""
        if not user_ids:
            return {}
        self.env["crm.lead"].flush_model(["user_id", "stage_id", "active", "won_status"])
        self.env["crm.stage"].flush_model(["routing_weight"])
        return dict(
            self.env.execute_query(
                SQL(
                    """SELECT l.user_id, SUM(COALESCE(s.routing_weight, 1))
                         FROM crm_lead l LEFT JOIN crm_stage s ON s.id = l.stage_id
                        WHERE l.user_id = ANY(%s) AND l.active AND l.won_status = 'pending'
                     GROUP BY l.user_id""",
                    list(user_ids),
                )
            )
        )

    @api.model
    def _leads_today(self, user_ids, company):
        """Return ``{user id: leads routed to them since midnight in the company's time zone}``."""
        zone = pytz.timezone(company.resource_calendar_id.tz or "UTC")
        day = fields.Datetime.now().replace(tzinfo=pytz.utc).astimezone(zone).date()
        begin = zone.localize(datetime.combine(day, time.min)).astimezone(pytz.utc)
        domain = [
            ("user_id", "in", list(user_ids)),
            ("date", ">=", begin.replace(tzinfo=None)),
            ("kind", "!=", "manual"),
        ]
        log = self.env["crm.lead.route.log"].sudo()  # sudo: numbers of leads only
        groups = log._read_group(domain, ["user_id"], ["__count"])
        return {user.id: count for user, count in groups}

    @api.model
    def _turns(self, pairs):
        """Return ``{(rule id, user id): id of their last decision}``, an index look-up each."""
        if not pairs:
            return {}
        self.env["crm.lead.route.log"].flush_model(["rule_id", "user_id"])
        rules, users = zip(*sorted(pairs), strict=True)
        rows = self.env.execute_query(
            SQL(
                """SELECT p.rule_id, p.user_id, l.id
                     FROM UNNEST(%s, %s) AS p(rule_id, user_id)
               CROSS JOIN LATERAL (
                          SELECT id FROM crm_lead_route_log
                           WHERE rule_id = p.rule_id AND user_id = p.user_id
                        ORDER BY id DESC LIMIT 1) l""",
                list(rules),
                list(users),
            )
        )
        return {(rule, user): last for rule, user, last in rows}

    # -- working hours --

    @api.model
    def _availability(self, user_ids, company):
        """Return ``{user id: {"absent", "at_work", "starts"}}`` by schedule and time off.

        Away is who would work by the schedule before they really do; a day on which the whole
        company is closed makes nobody away. Without any schedule a person always works.
        """
        # sudo: only whether somebody works, for the decision
        resources = (
            self.env["resource.resource"]
            .sudo()
            .search(
                [("user_id", "in", list(user_ids)), ("company_id", "in", (company.id, False))],
                order="company_id, id",
            )
        )
        by_calendar, found = defaultdict(resources.browse), set()
        for resource in resources:
            if resource.user_id.id not in found:
                found.add(resource.user_id.id)
                by_calendar[resource.calendar_id] |= resource
        now = fields.Datetime.now().replace(tzinfo=pytz.utc)
        result = {}
        for calendar, group in by_calendar.items():
            calendar = calendar or company.resource_calendar_id.sudo()  # sudo: as above
            result |= self._work(calendar, group, now)
        calendar = company.resource_calendar_id.sudo()  # sudo: as above
        general = self._work_of(calendar, now)
        return {user: result.get(user, general) for user in user_ids}

    @api.model
    def _work(self, calendar, resources, now):
        if not calendar:
            return {}
        end = now + AHEAD
        attendances = calendar._attendance_intervals_batch(now, end, resources)
        leaves = calendar._leave_intervals_batch(now, end, resources)
        result = {}
        for resource in resources:
            planned = attendances[resource.id] - leaves[False]
            result[resource.user_id.id] = self._state(
                planned, attendances[resource.id] - leaves[resource.id], now
            )
        return result

    @api.model
    def _work_of(self, calendar, now):
        """Return the state of people without a resource: the hours of the company."""
        if not calendar:
            return {}
        intervals = calendar._work_intervals_batch(now, now + AHEAD)[False]
        return self._state(intervals, intervals, now)

    @api.model
    def _state(self, planned, real, now):
        due = min((start for start, _stop, _meta in planned), default=None)
        starts = min((start for start, _stop, _meta in real), default=None)
        return {
            "absent": due is not None and (starts is None or starts > due),
            "at_work": starts is not None and starts <= now,
            "starts": starts and starts.astimezone(pytz.utc).replace(tzinfo=None),
        }
