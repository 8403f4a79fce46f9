from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

from ..engine import span
from ..engine.waterfall import KINDS
from .crm_forecast import OPEN_CATEGORIES

FIGURES = ("quota", "closed", *OPEN_CATEGORIES, "statistical")
SHOWN = (*FIGURES, "gap", "submitted", "judged", "call")


class CrmForecastBoard(models.AbstractModel):
    """The forecast of a period: people under teams, figures side by side, each drilling down.

    Salespeople see their own row, leaders those of their teams and the teams below, sales
    managers the company. A team's figures are those of its deals and its sub-teams' deals.
    """

    _name = "crm.forecast.board"
    _description = "Forecast Board"

    # ------------------------------------------------------------------
    # Figures
    # ------------------------------------------------------------------

    @api.model
    def _figures(self, company, measure, period, day, by_month=None):
        """Return ``{(team, user): figures}`` of a period, ids or None, company currency.

        :param by_month: what :meth:`_achieved` says of the period, where it is known already
        """
        first, last = span.bounds(period, day)
        figures = defaultdict(dict)
        if by_month is None:
            by_month = self._achieved(company, measure, first, last)
        for (team, user, _month), amount in by_month.items():
            row = figures[team, user]
            row["closed"] = row.get("closed", 0.0) + amount
        for key, amounts in self.env["crm.forecast"]._open_amounts(company, first, last).items():
            figures[key].update(amounts)
        for key, amount in self._quotas(company, measure, period, first, last).items():
            figures[key]["quota"] = amount
        for key, entry in self._statistics(company, measure, first, last, by_month).items():
            if key[0] == "person":
                figures[key[1:]]["statistical"] = entry["value"]
        return {key: self._add_up([row]) for key, row in figures.items()}

    @api.model
    def _achieved(self, company, measure, first, last):
        achievement = self.env["crm.achievement"]
        return achievement._sums(measure, company, first, last, by="team_id, user_id, month")

    @api.model
    def _statistics(self, company, measure, first, last, by_month):
        statistic = self.env["crm.forecast.statistic"]
        return statistic._projections(company, measure, first, last, by_month)

    @api.model
    def _add_up(self, rows):
        """Return the sum of figures, with the gap between quota and closed."""
        total = {name: sum(row.get(name) or 0.0 for row in rows) for name in FIGURES}
        total["gap"] = max(0.0, total["quota"] - total["closed"])
        return total

    @api.model
    def _quotas(self, company, measure, period, first, last):
        """Return the quotas of a period: ``{(team, user): amount}``.

        Where there is none of exactly this period: the sum of the shorter ones in it, else the
        part of a longer one. Quotas of a product category are aims beside these.
        """
        quotas = self.env["crm.quota"].search(
            [
                ("company_id", "=", company.id),
                ("measure", "=", measure),
                ("categ_id", "=", False),
                ("date_from", "<=", last),
                ("date_to", ">=", first),
            ]
        )
        found = {}
        for key, own in quotas.grouped(lambda q: self._quota_key(q, company)).items():
            found[key] = self._quota_amount(own, period, first, last)
        return found

    @api.model
    def _quota_key(self, quota, company):
        team = quota.team_id
        if quota.user_id and not team:
            team = self.env["crm.forecast"]._team_of(quota.user_id, company)
        return team.id or None, quota.user_id.id or None

    @api.model
    def _quota_amount(self, quotas, period, first, last):
        exact = quotas.filtered(lambda q: q.period == period and q.date_from == first)
        if exact:
            return sum(exact.mapped("amount"))
        inside = quotas.filtered(lambda q: q.date_from >= first and q.date_to <= last)
        if inside:
            return sum(inside.mapped("amount"))
        longer = quotas.sorted(lambda q: span.MONTHS[q.period])[:1]
        return longer.amount * span.MONTHS[period] / span.MONTHS[longer.period]

    # ------------------------------------------------------------------
    # The board
    # ------------------------------------------------------------------

    @api.model
    @api.readonly
    def get_board(self, period=None, date=None, measure=None):
        """Return the board of the current company; see ``static/src/forecast_board``.

        :param period: month or quarter; what the company chose when empty
        :param date: a day of the period, today when empty
        :param measure: booked, invoiced or collected; what the company chose when empty
        """
        self._check_salesperson()
        company = self.env.company
        period = period or company.forecast_period
        measure = measure or company.forecast_measure
        first, last = span.bounds(period, fields.Date.to_date(date) or self._today())
        # sudo: figures of everybody, of which only the rows of the user are returned below
        asked = self.sudo()
        by_month = asked._achieved(company, measure, first, last)
        figures = asked._figures(company, measure, period, first, by_month)
        statistics = asked._statistics(company, measure, first, last, by_month)
        rows = self._rows(company, figures, statistics)
        self._add_forecasts(rows, company, period, first)
        return {
            "company_id": company.id,
            "currency_id": company.currency_id.id,
            "period": period,
            "measure": measure,
            "name": self.env["crm.quota"]._name_period(period, first),
            "date_from": first,
            "date_to": last,
            "previous": span.shift(period, first, -1),
            "next": span.shift(period, first, 1),
            "over": last < self._today(),
            "elapsed": self._elapsed(first, last),
            "rows": rows,
            "undated": self._undated(),
            "snapshots": self._snapshots(company, first, last),
        }

    @api.model
    def _today(self):
        return fields.Date.context_today(self)

    @api.model
    def _elapsed(self, first, last):
        days = (last - first).days + 1
        return 100.0 * min(max((self._today() - first).days + 1, 0), days) / days

    @api.model
    def _check_salesperson(self):
        if not self.env.user.has_group("sales_team.group_sale_salesman"):
            raise AccessError(
                self.env._("The forecast is for salespeople. Ask an administrator for that right.")
            )

    @api.model
    def _undated(self):
        """Return how many open opportunities of the reader have no expected closing."""
        return self.env["crm.lead"].search_count(self._undated_domain(), limit=1000)

    @api.model
    def _undated_domain(self):
        return [
            ("type", "=", "opportunity"),
            ("won_status", "=", "pending"),
            ("date_deadline", "=", False),
            ("expected_revenue", ">", 0),
        ]

    @api.model
    def _snapshots(self, company, first, last):
        snapshots = self.env["crm.forecast.snapshot"].search(
            [("company_id", "=", company.id), ("state", "=", "done")],
            order="date desc, id desc",
            limit=16,
        )
        return [{"id": one.id, "name": one.display_name, "date": one.date} for one in snapshots]

    # ------------------------------------------------------------------
    # Rows
    # ------------------------------------------------------------------

    @api.model
    def _rows(self, company, figures, statistics):
        """Return the rows that the user may see, people under their teams."""
        # sudo: names and tree of the teams; what is shown of them is decided here
        teams = self.env["crm.team"].sudo().with_context(active_test=False)
        teams = teams.search([("company_id", "in", (company.id, False))])
        manager = self.env.user.has_group("sales_team.group_sale_manager")
        led = teams if manager else teams.filtered(lambda t: self.env.user in t.leader_ids)
        people = self._people(teams, figures)
        rows = []
        for team in self._top(led):
            rows += self._team_rows(team, people, figures, statistics, 0)
        if manager:
            rows += self._person_rows(teams.browse(), people, figures, statistics, 0)
            rows.insert(0, self._company_row(company, teams, figures, statistics))
        elif not any(row["user_id"] == self.env.uid for row in rows):
            rows = self._own_rows(people, figures, statistics) + rows
        return rows

    @api.model
    def _top(self, teams):
        return teams.filtered(lambda team: team.parent_id not in teams).sorted(
            lambda team: (team.sequence, team.name or "", team.id)
        )

    @api.model
    def _people(self, teams, figures):
        """Return ``{team: users}``: the members, and whoever has figures there."""
        people = defaultdict(set)
        members = self.env["crm.team.member"].sudo().search([("crm_team_id", "in", teams.ids)])
        for member in members:
            people[member.crm_team_id.id].add(member.user_id.id)
        for team, user in figures:
            people[team].add(user)
        return people

    @api.model
    def _team_rows(self, team, people, figures, statistics, depth):
        below = team.child_ids.sorted(lambda one: (one.sequence, one.name or "", one.id))
        inner = self._person_rows(team, people, figures, statistics, depth + 1)
        for child in below:
            inner += self._team_rows(child, people, figures, statistics, depth + 1)
        if not inner and not team.active:
            return []
        tree = set(team._with_sub_teams().ids)
        values = self._team_values(figures, tree, self._quota_of_team(team, figures))
        entry = statistics.get(("team", team.id, None))
        row = self._row("team", team.name, values, entry, depth, team_id=team.id)
        return [row, *inner]

    @api.model
    def _team_values(self, figures, teams, quota):
        keys = [key for key in figures if teams is None or key[0] in teams]
        values = self._add_up([figures[key] for key in keys])
        values["quota"] = quota
        values["gap"] = max(0.0, quota - values["closed"])
        return values

    @api.model
    def _quota_of_team(self, team, figures):
        """Return the quota of a team, else what its people and its sub-teams have together."""
        own = figures.get((team.id, None), {}).get("quota")
        return own or self._quota_of_people(team.id, figures) + sum(
            self._quota_of_team(child, figures) for child in team.child_ids
        )

    @api.model
    def _quota_of_people(self, team_id, figures):
        return sum(
            row["quota"] for (team, user), row in figures.items() if user and team == team_id
        )

    @api.model
    def _quota_of_company(self, teams, figures):
        own = figures.get((None, None), {}).get("quota")
        tops = teams.filtered(lambda team: team.parent_id not in teams)
        return own or self._quota_of_people(None, figures) + sum(
            self._quota_of_team(team, figures) for team in tops
        )

    @api.model
    def _company_row(self, company, teams, figures, statistics):
        quota = self._quota_of_company(teams, figures)
        values = self._team_values(figures, None, quota)
        entry = statistics.get(("company", None, None))
        return self._row("company", company.name, values, entry, 0)

    @api.model
    def _person_rows(self, team, people, figures, statistics, depth):
        team_id = team.id or None
        users = self.env["res.users"].sudo().with_context(active_test=False)
        known = users.browse([user for user in people.get(team_id, ()) if user])
        rows = [
            self._person_row(team_id, user, figures, statistics, depth)
            for user in known.sorted("name")
        ]
        nobody = figures.get((team_id, None))
        if nobody and any(nobody[name] for name in ("closed", *OPEN_CATEGORIES)):
            values = self._add_up([{**nobody, "quota": 0.0}])
            name = self.env._("Without salesperson")
            rows.append(self._row("nobody", name, values, None, depth, team_id=team_id))
        return [row for row in rows if row["member"] or any(row["values"].values())]

    @api.model
    def _person_row(self, team_id, user, figures, statistics, depth):
        values = self._add_up([figures.get((team_id, user.id), {})])
        entry = statistics.get(("person", team_id, user.id))
        row = self._row("person", user.name, values, entry, depth, team_id=team_id, user_id=user.id)
        row["member"] = bool(team_id) and user.active
        return row

    @api.model
    def _own_rows(self, people, figures, statistics):
        teams = [team for team, users in people.items() if self.env.uid in users]
        user = self.env.user.sudo()
        rows = [self._person_row(team, user, figures, statistics, 0) for team in teams or [None]]
        names = {
            team.id: team.name for team in self.env["crm.team"].sudo().browse(filter(None, teams))
        }
        for row in rows:
            row["hint"] = names.get(row["team_id"], "")
            row["member"] = True
        return rows

    @api.model
    def _row(self, kind, name, values, entry, depth, team_id=False, user_id=False):
        entry = entry or {}
        if entry:
            values["statistical"] = entry["value"]
        methods = dict(
            self.env["crm.forecast.statistic"]._fields["method"]._description_selection(self.env)
        )
        return {
            "key": f"{kind}-{team_id or 0}-{user_id or 0}",
            "kind": kind,
            "name": name,
            "depth": depth,
            "team_id": team_id or False,
            "user_id": user_id or False,
            "values": values,
            "member": True,
            "hint": "",
            "method": methods.get(entry.get("method"), ""),
            "mase": entry.get("mase", 0.0),
            "mape": entry.get("mape", 0.0),
        }

    # ------------------------------------------------------------------
    # Submitted and judged
    # ------------------------------------------------------------------

    @api.model
    def _add_forecasts(self, rows, company, period, first):
        """Add what was submitted and judged, and roll it up over the tree."""
        forecasts = self.env["crm.forecast"].search(
            [
                ("company_id", "=", company.id),
                ("period", "=", period),
                ("date_from", "=", first),
            ]
        )
        by_key = {(one.team_id.id, one.user_id.id): one for one in forecasts}
        by_user = {one.user_id.id: one for one in forecasts if one.user_id}
        seen = set()
        for row in rows:
            forecast = by_key.get((row["team_id"], row["user_id"]))
            if row["kind"] == "person" and not forecast and row["user_id"] not in seen:
                forecast = by_user.get(row["user_id"])
                if forecast and any(self._is_row_of(other, forecast) for other in rows):
                    forecast = None
            if row["kind"] == "person" and forecast:
                seen.add(row["user_id"])
            self._describe(row, forecast if row["kind"] in ("person", "team") else None)
        for index in reversed(range(len(rows))):
            self._roll_up(rows, index)

    @api.model
    def _is_row_of(self, row, forecast):
        return (row["team_id"], row["user_id"]) == (forecast.team_id.id, forecast.user_id.id)

    @api.model
    def _describe(self, row, forecast):
        values = row["values"]
        judged = bool(forecast) and forecast.state == "judged"
        values["submitted"] = forecast.submitted_amount if forecast else 0.0
        values["judged"] = forecast.judged_amount if judged else 0.0
        values["call"] = forecast.call if forecast else 0.0
        row.update(
            {
                "forecast_id": forecast.id if forecast else False,
                "state": forecast.state if forecast else "open",
                "comment": (forecast.comment or "") if forecast else "",
                "reason": (forecast.judge_reason or "") if judged else "",
                "may_submit": self._may(row, "submit"),
                "may_judge": self._may(row, "judge"),
            }
        )

    @api.model
    def _may(self, row, what):
        if row["kind"] not in ("person", "team"):
            return False
        forecast = self.env["crm.forecast"].new(
            {"user_id": row["user_id"], "team_id": row["team_id"]}
        )
        return forecast._may_submit() if what == "submit" else forecast._may_judge()

    @api.model
    def _roll_up(self, rows, index):
        """Let a team or the company stand for what stands below it, unless it is judged itself."""
        row = rows[index]
        if row["kind"] not in ("team", "company"):
            return
        children = self._children(rows, index)
        values = row["values"]
        own_judged = row["kind"] == "team" and row["state"] == "judged"
        below = {
            name: sum(child["values"][name] for child in children)
            for name in ("submitted", "judged", "call")
        }
        values["submitted"] = values["submitted"] or below["submitted"]
        row["rolled_up"] = not own_judged
        if not own_judged:
            anybody = any(child["state"] == "judged" for child in children)
            row["state"] = "judged" if anybody else row["state"]
            values["judged"] = below["call"] if anybody else 0.0
            values["call"] = below["call"]

    @api.model
    def _children(self, rows, index):
        depth = rows[index]["depth"]
        if rows[index]["kind"] == "company":
            return [row for row in rows if row["depth"] == 0 and row["kind"] != "company"]
        children = []
        for row in rows[index + 1 :]:
            if row["depth"] <= depth:
                break
            if row["depth"] == depth + 1:
                children.append(row)
        return children

    # ------------------------------------------------------------------
    # Drill-down
    # ------------------------------------------------------------------

    @api.model
    def open_cell(self, cell):
        """Return the action behind a cell; the rights of the reader decide what it lists.

        :param cell: kind (one of :data:`SHOWN`, or “open” for every category), company_id,
            period, date_from, measure, team_id, user_id, nobody
        """
        first, last = span.bounds(cell["period"], fields.Date.to_date(cell["date_from"]))
        opener = {
            "quota": self._open_quotas,
            "gap": self._open_quotas,
            "closed": self._open_closed,
            "statistical": self._open_statistics,
            "submitted": self._open_forecasts,
            "judged": self._open_forecasts,
            "call": self._open_forecasts,
        }.get(cell["kind"], self._open_leads)
        return {"type": "ir.actions.act_window", "target": "current", **opener(cell, first, last)}

    @api.model
    def _who(self, cell):
        domain = Domain("company_id", "in", (cell["company_id"], False))
        if cell.get("user_id"):
            domain &= Domain("user_id", "=", cell["user_id"])
            if cell.get("team_id"):
                domain &= Domain("team_id", "=", cell["team_id"])
        elif cell.get("nobody"):
            domain &= Domain("user_id", "=", False)
            domain &= Domain("team_id", "=", cell.get("team_id") or False)
        elif cell.get("team_id"):
            domain &= Domain("team_id", "child_of", [cell["team_id"]])
        return domain

    @api.model
    def _views(self, *kinds):
        return {"view_mode": ",".join(kinds), "views": [(False, kind) for kind in kinds]}

    @api.model
    def _open_leads(self, cell, first, last):
        categories = OPEN_CATEGORIES if cell["kind"] == "open" else (cell["kind"],)
        domain = self._who(cell) & Domain(
            [
                ("type", "=", "opportunity"),
                ("won_status", "=", "pending"),
                ("forecast_category", "in", categories),
                ("date_deadline", ">=", first),
                ("date_deadline", "<=", last),
            ]
        )
        return {
            "name": self.env._("Open Opportunities"),
            "res_model": "crm.lead",
            "domain": list(domain),
            "context": {"create": False},
            **self._views("list", "kanban", "pivot", "graph", "form"),
        }

    @api.model
    def _open_closed(self, cell, first, last):
        domain = self._who(cell) & Domain("date", ">=", first) & Domain("date", "<=", last)
        return {
            "name": self.env._("Closed"),
            "res_model": "crm.achievement",
            "domain": list(domain),
            "context": {
                "achievement_measures": [cell["measure"]],
                "achievement_from": fields.Date.to_string(first),
                "achievement_to": fields.Date.to_string(last),
            },
            **self._views("list", "pivot", "graph"),
        }

    @api.model
    def _open_quotas(self, cell, first, last):
        domain = self._who(cell) & Domain(
            [
                ("measure", "=", cell["measure"]),
                ("date_from", "<=", last),
                ("date_to", ">=", first),
            ]
        )
        return {
            "name": self.env._("Quotas"),
            "res_model": "crm.quota",
            "domain": list(domain),
            "context": {"default_measure": cell["measure"], "default_date_from": first},
            **self._views("list", "form"),
        }

    @api.model
    def _open_forecasts(self, cell, first, last):
        domain = self._who({**cell, "nobody": False}) & Domain(
            [("period", "=", cell["period"]), ("date_from", "=", first)]
        )
        return {
            "name": self.env._("Forecasts"),
            "res_model": "crm.forecast",
            "domain": list(domain),
            **self._views("list", "form"),
        }

    @api.model
    def _open_statistics(self, cell, first, last):
        level = "person" if cell.get("user_id") else ("team" if cell.get("team_id") else "company")
        domain = Domain("company_id", "=", cell["company_id"])
        domain &= Domain([("measure", "=", cell["measure"]), ("level", "=", level)])
        for name in ("team_id", "user_id"):
            if cell.get(name):
                domain &= Domain(name, "=", cell[name])
        return {
            "name": self.env._("Statistical Forecast"),
            "res_model": "crm.forecast.statistic",
            "domain": list(domain),
            **self._views("graph", "list", "pivot"),
        }

    # ------------------------------------------------------------------
    # What changed
    # ------------------------------------------------------------------

    @api.model
    @api.readonly
    def get_waterfall(self, snapshot_id, date_from, date_to, team_id=False, user_id=False):
        """Return what changed in a pipeline since a snapshot.

        :raises AccessError: the person or team is not the user's to see
        """
        self._check_salesperson()
        self._check_scope(team_id, user_id)
        snapshot = self.env["crm.forecast.snapshot"].browse(snapshot_id)
        snapshot.check_access("read")
        teams = None
        if team_id and not user_id:
            teams = self.env["crm.team"].sudo().browse(team_id)._with_sub_teams().ids
        # sudo: the scope was checked above
        result = snapshot.sudo()._waterfall(
            fields.Date.to_date(date_from), fields.Date.to_date(date_to), user_id, teams
        )
        totals = result.totals()
        return {
            "opening": float(result.opening),
            "closing": float(result.closing),
            "taken_on": snapshot.taken_on,
            "changes": [
                {
                    "kind": kind,
                    "name": self._kind_names()[kind],
                    "amount": float(totals[kind]),
                    "lead_ids": result.keys(kind),
                }
                for kind in KINDS
                if kind in totals
            ],
        }

    @api.model
    def _kind_names(self):
        return {
            "new": self.env._("New"),
            "pulled_in": self.env._("Pulled in"),
            "reassigned_in": self.env._("Taken over"),
            "reopened": self.env._("Reopened"),
            "amount_up": self.env._("Amount up"),
            "amount_down": self.env._("Amount down"),
            "won": self.env._("Won"),
            "lost": self.env._("Lost"),
            "pushed_out": self.env._("Pushed out"),
            "reassigned_out": self.env._("Handed over"),
            "omitted": self.env._("Omitted"),
            "removed": self.env._("Removed"),
        }

    @api.model
    def _check_scope(self, team_id, user_id):
        """Raise unless the user may see the figures of a person, a team or the company."""
        user = self.env.user
        if user.has_group("sales_team.group_sale_manager") or user_id == user.id:
            return
        teams = self.env["crm.team"].sudo().browse(team_id or ())
        if user_id:
            person = self.env["res.users"].sudo().browse(user_id)
            teams = person.crm_team_ids
        if user not in teams.leader_ids:
            raise AccessError(
                self.env._(
                    "You see your own forecast and those of the teams that you lead. Ask the "
                    "leader of the team."
                )
            )

    @api.model
    def get_forecast(self, company_id, period, date_from, team_id=False, user_id=False):
        """Return the id of the forecast of a row, created when there is none yet."""
        company = self.env["res.company"].browse(company_id)
        company.check_access("read")
        self._check_scope(team_id, user_id)
        user = self.env["res.users"].browse(user_id or ())
        team = self.env["crm.team"].browse(team_id or ())
        day = fields.Date.to_date(date_from)
        return self.env["crm.forecast"]._ensure(company, period, day, user, team).id
