from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..engine import span

OPEN_CATEGORIES = ("commit", "best_case", "pipeline")


class CrmForecast(models.Model):
    """What a person says a period will bring, and what their manager makes of it.

    The amounts of a submission are frozen; the live ones beside them are those of the documents
    and of the open opportunities at the moment of reading. Without a person it is the forecast
    of a whole team, which its leader may judge.
    """

    _name = "crm.forecast"
    _description = "Sales Forecast"
    _inherit = ["mail.thread"]
    _order = "date_from desc, team_id, user_id, id"

    company_id = fields.Many2one("res.company", required=True, index=True, readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one("res.users", "Salesperson", index="btree_not_null", readonly=True)
    team_id = fields.Many2one("crm.team", "Sales Team", index="btree_not_null", readonly=True)
    period = fields.Selection(
        [("month", "Month"), ("quarter", "Quarter")], required=True, readonly=True
    )
    date_from = fields.Date("From", required=True, index=True, readonly=True)
    date_to = fields.Date("To", required=True, readonly=True)
    state = fields.Selection(
        [("open", "To Submit"), ("submitted", "Submitted"), ("judged", "Judged")],
        required=True,
        default="open",
        readonly=True,
        tracking=True,
    )

    quota = fields.Monetary(compute="_compute_live")
    closed = fields.Monetary(
        compute="_compute_live", help="What the documents say by the measure of the company."
    )
    commit = fields.Monetary(compute="_compute_live")
    best_case = fields.Monetary(compute="_compute_live")
    pipeline = fields.Monetary(compute="_compute_live")
    gap = fields.Monetary(compute="_compute_live", help="Quota less closed.")
    statistical = fields.Monetary(
        compute="_compute_live", help="What the past months alone would suggest."
    )

    submitted_amount = fields.Monetary("Submitted", readonly=True, tracking=True)
    submitted_closed = fields.Monetary("Closed at Submission", readonly=True)
    submitted_commit = fields.Monetary("Commit at Submission", readonly=True)
    submitted_best_case = fields.Monetary("Best Case at Submission", readonly=True)
    submitted_pipeline = fields.Monetary("Pipeline at Submission", readonly=True)
    submitted_date = fields.Datetime("Submitted on", readonly=True)
    submitted_uid = fields.Many2one("res.users", "Submitted by", readonly=True)
    comment = fields.Text(readonly=True)

    judged_amount = fields.Monetary("Judged", readonly=True, tracking=True)
    judged_date = fields.Datetime("Judged on", readonly=True)
    judged_uid = fields.Many2one("res.users", "Judged by", readonly=True)
    judge_reason = fields.Text("Reason", readonly=True)

    call = fields.Monetary(
        "Forecast",
        compute="_compute_call",
        store=True,
        help="The amount that counts: judged, else submitted.",
    )
    entry_ids = fields.One2many("crm.forecast.entry", "forecast_id", "History", readonly=True)
    may_submit = fields.Boolean(compute="_compute_may")
    may_judge = fields.Boolean(compute="_compute_may")

    _one_person = models.UniqueIndex(
        "(company_id, period, date_from, user_id) WHERE user_id IS NOT NULL",
        "A person has one forecast per period.",
    )
    _one_team = models.UniqueIndex(
        "(company_id, period, date_from, team_id) WHERE user_id IS NULL",
        "A team has one forecast per period.",
    )

    # ------------------------------------------------------------------
    # Computed
    # ------------------------------------------------------------------

    @api.depends("user_id", "team_id", "date_from", "period")
    @api.depends_context("lang")
    def _compute_display_name(self):
        quotas = self.env["crm.quota"]
        for forecast in self:
            who = forecast.user_id.name or forecast.team_id.name or forecast.company_id.name
            when = quotas._name_period(forecast.period, forecast.date_from)
            forecast.display_name = f"{who or ''}, {when}"

    @api.depends("state", "submitted_amount", "judged_amount")
    def _compute_call(self):
        for forecast in self:
            judged = forecast.state == "judged"
            forecast.call = forecast.judged_amount if judged else forecast.submitted_amount

    @api.depends("user_id", "team_id", "date_from", "date_to")
    def _compute_live(self):
        """Ask the board: both show the same figures."""
        names = ("quota", "closed", "commit", "best_case", "pipeline", "gap", "statistical")
        groups = self.grouped(lambda one: (one.company_id, one.period, one.date_from))
        for (company, period, date_from), forecasts in groups.items():
            figures = forecasts._live_figures(company, period, date_from)
            for forecast in forecasts:
                for name in names:
                    forecast[name] = figures[forecast._origin].get(name) or 0.0

    def _live_figures(self, company, period, date_from):
        """Return ``{forecast: figures}`` of forecasts of one company and period."""
        # sudo: the figures of forecasts that the user may read
        board = self.env["crm.forecast.board"].sudo()
        measure = company.forecast_measure
        figures = board._figures(company, measure, period, date_from) if date_from else {}
        found = {}
        for forecast in self._origin:
            if forecast.user_id:
                keys = [key for key in figures if key[1] == forecast.user_id.id]
            else:
                # sudo: as above
                teams = set(forecast.team_id.sudo()._with_sub_teams().ids)
                keys = [key for key in figures if key[0] in teams]
            found[forecast] = board._add_up([figures[key] for key in keys])
            if not forecast.user_id:
                # sudo: as above
                quota = board._quota_of_team(forecast.team_id.sudo(), figures)
                found[forecast].update(quota=quota, gap=max(0.0, quota - found[forecast]["closed"]))
        return found

    @api.depends_context("uid")
    @api.depends("user_id", "team_id.leader_ids", "date_to")
    def _compute_may(self):
        for forecast in self:
            forecast.may_submit = forecast._may_submit()
            forecast.may_judge = forecast._may_judge()

    def _may_submit(self):
        """Whether the user submits this forecast: their own, or as the leader that of a team."""
        self.ensure_one()
        if self.user_id == self.env.user:
            return True
        # sudo: who leads a team decides on its forecast, whatever else they may read
        leads = self.env.user in self.team_id.sudo().leader_ids
        manages = self.env.user.has_group("sales_team.group_sale_manager")
        return manages or (leads and not self.user_id)

    def _may_judge(self):
        """Whether the user judges this forecast: leaders up the tree and sales managers.

        Nobody judges their own, except who manages all sales.
        """
        self.ensure_one()
        if self.env.user.has_group("sales_team.group_sale_manager"):
            return True
        # sudo: who leads a team decides on its forecast, whatever else they may read
        return self.user_id != self.env.user and self.env.user in self.team_id.sudo().leader_ids

    # ------------------------------------------------------------------
    # Which forecasts there are
    # ------------------------------------------------------------------

    @api.model
    def _ensure(self, company, period, day, user=None, team=None):
        """Return the forecast of a person, or of a team, for the period of a day.

        :raises AccessError: it is not the user's to see
        """
        start, end = span.bounds(period, day)
        # sudo: forecasts are created for whoever is asked for; the user's right is checked below
        forecasts = self.sudo()
        domain = [
            ("company_id", "=", company.id),
            ("period", "=", period),
            ("date_from", "=", start),
            ("user_id", "=", user.id if user else False),
        ]
        if not user:
            domain.append(("team_id", "=", team.id))
        found = forecasts.search(domain, limit=1)
        if not found:
            found = forecasts.create(
                {
                    "company_id": company.id,
                    "period": period,
                    "date_from": start,
                    "date_to": end,
                    "user_id": user.id if user else False,
                    "team_id": (team or self._team_of(user, company)).id,
                }
            )
        found = found.with_env(self.env)
        found.check_access("read")
        return found

    @api.model
    def _team_of(self, user, company):
        """Return the team that a person belongs to in a company."""
        # sudo: the team of a person, for a forecast whose rights the callers check
        memberships = self.env["crm.team.member"].sudo().search([("user_id", "=", user.id)])
        teams = memberships.crm_team_id.filtered(lambda t: t.company_id in (company, company[:0]))
        return teams.sorted(lambda team: (not team.company_id, team.sequence, team.id))[:1]

    # ------------------------------------------------------------------
    # Submission and judgement
    # ------------------------------------------------------------------

    def action_open_submit(self):
        """Open the wizard that submits this forecast."""
        return self._open_wizard("crm.forecast.submit", self.env._("Submit Forecast"))

    def action_open_judge(self):
        """Open the wizard with which a manager judges this forecast."""
        return self._open_wizard("crm.forecast.judge", self.env._("Judge Forecast"))

    def _open_wizard(self, model, name):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_forecast_id": self.id},
        }

    def _submit(self, amount, comment):
        """Freeze what the period looks like now, with the amount the salesperson stands for.

        :param amount: in company currency
        :raises AccessError: the forecast is somebody else's
        :raises UserError: the period is over
        """
        self.ensure_one()
        self.check_access("read")
        if not self._may_submit():
            raise AccessError(
                self.env._(
                    "%s is submitted by the person it belongs to, or by a sales manager.",
                    self.display_name,
                )
            )
        self._check_open()
        values = {f"submitted_{name}": self[name] for name in ("closed", *OPEN_CATEGORIES)}
        # sudo: only these amounts, and only of a forecast that the user may submit
        self.sudo().write(
            {
                **values,
                "submitted_amount": amount,
                "submitted_date": fields.Datetime.now(),
                "submitted_uid": self.env.uid,
                "comment": comment,
                "state": "submitted",
            }
        )
        self._log("submission", amount, comment)

    def _judge(self, amount, reason):
        """Set what the manager makes of the forecast; the submitted amount stays beside it.

        :raises AccessError: the user neither leads the team nor manages sales
        :raises UserError: the period is over, or no reason is given
        """
        self.ensure_one()
        self.check_access("read")
        if not self._may_judge():
            raise AccessError(
                self.env._(
                    "%s is judged by the leader of the team, by a leader above or by a sales "
                    "manager; nobody judges their own forecast.",
                    self.display_name,
                )
            )
        self._check_open()
        if not (reason or "").strip():
            raise UserError(
                self.env._("Say why you judge the forecast at this amount: the reason is kept.")
            )
        # sudo: only the judgement, and only of a forecast that the user may judge
        self.sudo().write(
            {
                "judged_amount": amount,
                "judged_date": fields.Datetime.now(),
                "judged_uid": self.env.uid,
                "judge_reason": reason,
                "state": "judged",
            }
        )
        self._log("judgement", amount, reason)
        self._tell_owner(reason)

    def action_withdraw_judgement(self):
        """Take a judgement back: what was submitted counts again."""
        for forecast in self:
            if not forecast._may_judge():
                raise AccessError(
                    self.env._("Only who may judge %s takes that back.", forecast.display_name)
                )
            forecast._check_open()
            # sudo: only the judgement, and only of a forecast that the user may judge
            forecast.sudo().write(
                {
                    "judged_amount": 0.0,
                    "judged_date": False,
                    "judged_uid": False,
                    "judge_reason": False,
                    "state": "submitted" if forecast.submitted_date else "open",
                }
            )
            forecast._log("withdrawal", 0.0, "")

    def _check_open(self):
        if self.date_to < fields.Date.context_today(self):
            raise UserError(
                self.env._(
                    "The period of %(forecast)s ended on %(day)s: its forecast is kept as it was. "
                    "Choose the current period.",
                    forecast=self.display_name,
                    day=self.date_to,
                )
            )

    def _tell_owner(self, reason):
        if not self.user_id or self.user_id == self.env.user:
            return
        self.sudo().message_notify(  # sudo: the judge may write a message, not the forecast
            partner_ids=self.user_id.partner_id.ids,
            subject=self.env._("Your forecast was judged: %s", self.display_name),
            body=self.env._(
                "%(judge)s expects %(amount)s. Reason: %(reason)s",
                judge=self.env.user.name,
                amount=self.currency_id.format(self.judged_amount),
                reason=reason,
            ),
        )

    def _log(self, kind, amount, note):
        """Append an entry with the live amounts of this moment."""
        # sudo: the history is written by the flow alone
        self.env["crm.forecast.entry"].sudo().create(
            [forecast._prepare_entry_vals(kind, amount, note) for forecast in self]
        )

    def _prepare_entry_vals(self, kind, amount, note=""):
        """Return the values of an entry that freezes the figures of this moment beside ``amount``.

        :param kind: what happened: submitted, judged, snapshot
        :param amount: in company currency
        """
        self.ensure_one()
        return {
            "forecast_id": self.id,
            "kind": kind,
            "amount": amount,
            "uid": self.env.uid,
            "note": note,
            **{
                name: self[name]
                for name in ("closed", *OPEN_CATEGORIES, "statistical", "submitted_amount", "call")
            },
        }

    # ------------------------------------------------------------------
    # Drill-down
    # ------------------------------------------------------------------

    def action_open_leads(self):
        """Open the opportunities that are expected to close in the period."""
        self.ensure_one()
        return self.env["crm.forecast.board"].open_cell(
            {
                "kind": "open",
                "company_id": self.company_id.id,
                "period": self.period,
                "date_from": fields.Date.to_string(self.date_from),
                "user_id": self.user_id.id,
                "team_id": False if self.user_id else self.team_id.id,
            }
        )

    @api.model
    def _sql_open_leads(self, company):
        """Return the query of the open opportunities of a company that have an amount.

        Columns: id, team_id, user_id, category, amount, date_deadline, stage_id. An opportunity
        without a company belongs to that of its salesperson.
        """
        return SQL(
            """SELECT l.id, l.team_id, l.user_id, l.forecast_category AS category,
                      l.expected_revenue::numeric AS amount, l.date_deadline, l.stage_id
                 FROM crm_lead l
            LEFT JOIN res_users u ON u.id = l.user_id
                WHERE l.active AND l.type = 'opportunity' AND l.won_status = 'pending'
                  AND l.forecast_category IN ('pipeline', 'best_case', 'commit')
                  AND COALESCE(l.company_id, u.company_id) = %s""",
            company.id,
        )

    @api.model
    def _open_amounts(self, company, first, last):
        """Return what is open in a span of days: ``{(team, user): {category: amount}}``.

        An amount that is no number does not count; the weekly snapshot names such opportunities.
        """
        self.env["crm.lead"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT team_id, user_id, category, SUM(amount)
                     FROM (%s) open
                    WHERE date_deadline BETWEEN %s AND %s AND ABS(amount) < 1e30
                 GROUP BY team_id, user_id, category""",
                self._sql_open_leads(company),
                first,
                last,
            )
        )
        found = defaultdict(dict)
        for team, user, category, amount in rows:
            found[team, user][category] = company.currency_id.round(float(amount))
        return found
