from odoo import api, fields, models
from odoo.tools.image import image_data_uri

from ..engine import span


class CrmLeaderboard(models.AbstractModel):
    """Who attained how much of their quota, best first, beside the challenges that run.

    Everybody who sells sees names, ranks and percentages; amounts only their own, those of the
    teams they lead, and sales managers all.
    """

    _name = "crm.leaderboard"
    _description = "Sales Leaderboard"

    @api.model
    @api.readonly
    def get_leaderboard(self, period=None, date=None, measure=None):
        """Return the leaderboard of the current company; see ``static/src/leaderboard``.

        :param period: month, quarter or year; what the company forecasts by when empty
        :param measure: booked, invoiced or collected; what the company chose when empty
        """
        board = self.env["crm.forecast.board"]
        board._check_salesperson()
        company = self.env.company
        period = period or company.forecast_period
        measure = measure or company.forecast_measure
        first, last = span.bounds(period, fields.Date.to_date(date) or board._today())
        return {
            "name": self.env["crm.quota"]._name_period(period, first),
            "currency_id": company.currency_id.id,
            "period": period,
            "measure": measure,
            "date_from": first,
            "date_to": last,
            "previous": span.shift(period, first, -1),
            "next": span.shift(period, first, 1),
            "elapsed": board._elapsed(first, last),
            "rows": self._rows(company, measure, period, first, last),
            "challenges": self._challenges(),
        }

    @api.model
    def _rows(self, company, measure, period, first, last):
        # sudo: percentages of everybody; amounts are taken out below where they are not to be seen
        board = self.env["crm.forecast.board"].sudo()
        achieved = self.env["crm.achievement"].sudo()._sums(measure, company, first, last)
        quotas = {}
        for (_team, user), amount in board._quotas(company, measure, period, first, last).items():
            if user:
                quotas[user] = quotas.get(user, 0.0) + amount
        rows = [
            self._row(user, achieved.get(user.id, 0.0), quotas[user.id])
            for user in self.env["res.users"].sudo().browse(quotas)
            if quotas[user.id]
        ]
        rows.sort(key=lambda row: (-row["attainment"], row["name"]))
        return self._rank(rows)

    @api.model
    def _rank(self, rows):
        """Number the rows; equal attainments share a rank."""
        for index, row in enumerate(rows):
            before = rows[index - 1] if index else None
            tied = before and abs(before["attainment"] - row["attainment"]) < 0.05
            row["rank"] = before["rank"] if tied else index + 1
        return rows

    @api.model
    def _row(self, user, achieved, quota):
        mine = user.id == self.env.uid
        # sudo on user: who leads the teams of a colleague decides about their amounts
        open_ = (
            mine
            or self.env.user.has_group("sales_team.group_sale_manager")
            or self.env.user in user.crm_team_ids.leader_ids
        )
        image = user.partner_id.avatar_128
        return {
            "user_id": user.id,
            "name": user.name,
            "team": ", ".join(user.crm_team_ids.mapped("name")),
            "image": image_data_uri(image) if image else "",
            "mine": mine,
            "attainment": 100.0 * achieved / quota,
            "achieved": achieved if open_ else False,
            "quota": quota if open_ else False,
        }

    @api.model
    def _challenges(self):
        """Return the goals of the reader in running challenges."""
        goals = self.env["gamification.goal"].search(
            [
                ("user_id", "=", self.env.uid),
                ("challenge_id.state", "=", "inprogress"),
                ("state", "in", ("inprogress", "reached")),
                ("definition_id", "in", self._definitions().ids),
            ],
            order="end_date, id",
        )
        return [
            {
                "id": goal.id,
                "challenge": goal.challenge_id.name,
                "name": goal.definition_id.name,
                "current": goal.current,
                "target": goal.target_goal,
                "monetary": goal.definition_id.monetary,
                "suffix": goal.definition_id.suffix or "",
                "done": min(100.0, goal.completeness),
                "reached": goal.state == "reached",
                "end": goal.end_date,
            }
            for goal in goals
        ]

    @api.model
    def _definitions(self):
        """Return the goal definitions that count what was sold."""
        data = self.env["ir.model.data"].sudo()
        ids = data.search(
            [("module", "=", "crm_sales"), ("model", "=", "gamification.goal.definition")]
        ).mapped("res_id")
        return self.env["gamification.goal.definition"].browse(ids)
