from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..engine import span

SHORTER = {"year": [("quarter", 4), ("month", 12)], "quarter": [("month", 3)], "month": []}


class CrmQuotaDistribute(models.TransientModel):
    """Spreads a quota over the people of its team, or over shorter periods.

    The parts always sum to the quota, to the cent. Quotas that were distributed before are
    changed, not entered twice. Parts and weights tell what everybody sold, so they are computed
    for those only who may distribute the quota.
    """

    _name = "crm.quota.distribute"
    _description = "Distribute a Quota"

    quota_id = fields.Many2one("crm.quota", required=True, readonly=True)
    currency_id = fields.Many2one(related="quota_id.currency_id")
    amount = fields.Monetary("To Distribute", related="quota_id.amount", related_sudo=False)
    over = fields.Selection(
        [("people", "People of the team"), ("quarter", "Quarters"), ("month", "Months")],
        "Distribute over",
        required=True,
        compute="_compute_over",
        compute_sudo=False,
        store=True,
        precompute=True,
        readonly=False,
    )
    by = fields.Selection(
        [
            ("equal", "Equally"),
            ("last_year", "As achieved a year ago"),
            ("pipeline", "By open pipeline"),
        ],
        "Weighted",
        required=True,
        default="equal",
    )
    line_ids = fields.One2many(
        "crm.quota.distribute.line",
        "wizard_id",
        compute="_compute_line_ids",
        compute_sudo=False,
        store=True,
        readonly=False,
    )
    rest = fields.Monetary(compute="_compute_rest", help="Not distributed yet.")

    @api.depends("quota_id")
    def _compute_over(self):
        for wizard in self:
            longer = wizard.quota_id.user_id and SHORTER[wizard.quota_id.period]
            wizard.over = longer[0][0] if longer else "people"

    @api.depends("quota_id", "over", "by")
    def _compute_line_ids(self):
        for wizard in self:
            if wizard.quota_id:
                wizard.quota_id._check_may_distribute()
            parts = wizard._parts() if wizard.quota_id else []
            amounts = wizard.quota_id._split(wizard._weights(parts)) if parts else []
            wizard.line_ids = [
                Command.clear(),
                *(
                    Command.create({**part, "amount": amount})
                    for part, amount in zip(parts, amounts, strict=True)
                ),
            ]

    @api.depends("line_ids.amount", "amount")
    def _compute_rest(self):
        for wizard in self:
            given = sum(wizard.line_ids.mapped("amount"))
            wizard.rest = wizard.currency_id.round(wizard.amount - given)

    @api.constrains("quota_id")
    def _check_quota(self):
        # sudo(False): constraints run as superuser
        for wizard in self.sudo(False):
            wizard.quota_id._check_may_distribute()

    # ------------------------------------------------------------------
    # Parts and weights
    # ------------------------------------------------------------------

    def _parts(self):
        """Return what the quota is distributed over: dictionaries of person, team and day."""
        quota = self.quota_id
        if self.over == "people":
            return [
                {"user_id": user.id, "team_id": team.id, "date_from": quota.date_from}
                for team, user in self._people()
            ]
        starts = []
        day = quota.date_from
        while day and day <= quota.date_to:
            starts.append(day)
            day = span.shift(self.over, day, 1)
        return [
            {"user_id": quota.user_id.id, "team_id": quota.team_id.id, "date_from": start}
            for start in starts
        ]

    def _people(self):
        """Return (team, person) of the team and its sub-teams; a person once."""
        team = self.quota_id.team_id
        # sudo: names of the people of a team whose quota the user may distribute
        company = self.quota_id.company_id
        every = self.env["crm.team"].sudo()
        teams = team.sudo()._with_sub_teams() or every.search(
            [("company_id", "in", (company.id, False))]
        )
        # sudo: as above
        members = self.env["crm.team.member"].sudo().search([("crm_team_id", "in", teams.ids)])
        found = {}
        for member in members.sorted(lambda m: (m.crm_team_id != team, m.user_id.name or "")):
            found.setdefault(member.user_id, member.crm_team_id)
        return [(team, user) for user, team in found.items()]

    def _weights(self, parts):
        if self.by == "last_year":
            return [max(0.0, self._achieved_a_year_ago(part)) for part in parts]
        if self.by == "pipeline":
            return [max(0.0, self._open_pipeline(part)) for part in parts]
        return [1.0] * len(parts)

    def _achieved_a_year_ago(self, part):
        quota = self.quota_id
        period = quota.period if self.over == "people" else self.over
        first, last = span.bounds(period, span.add_months(part["date_from"], -12))
        # sudo: weights only, of a quota that the user may distribute
        sums = (
            self.env["crm.achievement"]
            .sudo()
            ._sums(quota.measure, quota.company_id, first, last, "user_id, team_id", quota.categ_id)
        )
        return self._sum_of(sums, part)

    def _open_pipeline(self, part):
        quota = self.quota_id
        period = quota.period if self.over == "people" else self.over
        first, last = span.bounds(period, part["date_from"])
        # sudo: weights only, of a quota that the user may distribute
        amounts = self.env["crm.forecast"].sudo()._open_amounts(quota.company_id, first, last)
        sums = {(user, team): sum(own.values()) for (team, user), own in amounts.items()}
        return self._sum_of(sums, part)

    def _sum_of(self, sums, part):
        teams = None
        if part["team_id"]:
            # sudo: as above
            team = self.env["crm.team"].sudo().browse(part["team_id"])
            teams = set(team._with_sub_teams().ids)
        return sum(
            amount
            for (user, team), amount in sums.items()
            if (not part["user_id"] or user == part["user_id"]) and (teams is None or team in teams)
        )

    # ------------------------------------------------------------------
    # Apply
    # ------------------------------------------------------------------

    def action_apply(self):
        """Create or change the quotas of the parts."""
        self.ensure_one()
        quota = self.quota_id
        quota._check_may_distribute()
        self._check_lines()
        # sudo: the leader of a team distributes its quota, as just checked
        quotas = self.env["crm.quota"].sudo()
        known = {(q.user_id, q.team_id, q.date_from): q for q in quotas.search(self._domain())}
        for line in self.line_ids:
            same = known.get((line.user_id, line.team_id, line.date_from))
            if same:
                same.write({"amount": line.amount, "parent_id": quota.id})
            else:
                quotas.create(line._prepare_quota_vals())
        return {
            "type": "ir.actions.act_window",
            "name": quota.display_name,
            "res_model": "crm.quota",
            "view_mode": "list,form",
            "views": [(False, "list"), (False, "form")],
            "domain": [("parent_id", "=", quota.id)],
        }

    def _domain(self):
        quota = self.quota_id
        return [
            ("company_id", "=", quota.company_id.id),
            ("measure", "=", quota.measure),
            ("period", "=", self._period()),
            ("territory_id", "=", quota.territory_id.id),
            ("categ_id", "=", quota.categ_id.id),
            ("date_from", ">=", quota.date_from),
            ("date_to", "<=", quota.date_to),
        ]

    def _period(self):
        return self.quota_id.period if self.over == "people" else self.over

    def _check_lines(self):
        quota = self.quota_id
        if not self.line_ids:
            raise UserError(
                self.env._(
                    "%s has nobody to distribute over. Add members to the team first.",
                    quota.team_id.display_name or quota.display_name,
                )
            )
        if self.over != "people" and self.over not in dict(SHORTER[quota.period]):
            raise UserError(
                self.env._(
                    "%s cannot be distributed over periods that are not shorter than its own.",
                    quota.display_name,
                )
            )
        self._check_parts()
        if not self.currency_id.is_zero(self.rest):
            raise UserError(
                self.env._(
                    "The parts of %(quota)s sum to %(sum)s, %(rest)s are missing. Correct the "
                    "parts so that they sum to the quota.",
                    quota=quota.display_name,
                    sum=self.currency_id.format(self.amount - self.rest),
                    rest=self.currency_id.format(self.rest),
                )
            )

    def _check_parts(self):
        """Refuse parts that are none of this quota: they are written as superuser."""
        own = {(part["user_id"], part["team_id"], part["date_from"]) for part in self._parts()}
        for line in self.line_ids:
            if (line.user_id.id, line.team_id.id, line.date_from) not in own:
                raise UserError(
                    self.env._(
                        "%(person)s in %(team)s has no part in %(quota)s. Open the dialog again: "
                        "the team may have changed.",
                        person=line.user_id.name or self.env._("Nobody"),
                        team=line.team_id.name or self.env._("no team"),
                        quota=self.quota_id.display_name,
                    )
                )
