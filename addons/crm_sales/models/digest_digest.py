from odoo import fields, models
from odoo.exceptions import AccessError

MENU = "crm.crm_menu_root"


class DigestDigest(models.Model):
    """Figures of the digest: for managers those of the company, for others their own."""

    _inherit = "digest.digest"

    kpi_crm_booked = fields.Boolean("Sales Booked")
    kpi_crm_booked_value = fields.Monetary(compute="_compute_kpi_crm_booked_value")
    kpi_crm_invoiced = fields.Boolean("Sales Invoiced")
    kpi_crm_invoiced_value = fields.Monetary(compute="_compute_kpi_crm_invoiced_value")
    kpi_crm_collected = fields.Boolean("Sales Collected")
    kpi_crm_collected_value = fields.Monetary(compute="_compute_kpi_crm_collected_value")
    kpi_crm_win_rate = fields.Boolean("Win Rate (%)")
    kpi_crm_win_rate_value = fields.Integer(compute="_compute_kpi_crm_win_rate_value")

    def _compute_kpi_crm_booked_value(self):
        self._compute_kpi_crm_achieved("booked")

    def _compute_kpi_crm_invoiced_value(self):
        self._compute_kpi_crm_achieved("invoiced")

    def _compute_kpi_crm_collected_value(self):
        self._compute_kpi_crm_achieved("collected")

    def _compute_kpi_crm_achieved(self, measure):
        """Show a reader what they may see: managers the company, others what they sold."""
        self._kpi_crm_check_access()
        start, end, companies = self._get_kpi_compute_parameters()
        first = fields.Datetime.to_datetime(start).date()
        # The end is the first moment that does not count any more.
        last = fields.Datetime.subtract(fields.Datetime.to_datetime(end), seconds=1).date()
        by_company = {
            company: self._kpi_crm_sum(measure, company, first, last) for company in companies
        }
        for digest in self:
            company = digest.company_id or self.env.company
            digest[f"kpi_crm_{measure}_value"] = by_company.get(company, 0.0)

    def _kpi_crm_sum(self, measure, company, first, last):
        # sudo: sums of the company for managers, otherwise only the reader's own
        achievement = self.env["crm.achievement"].sudo()
        sums = achievement._sums(measure, company, first, last)
        if self.env.user.has_group("sales_team.group_sale_manager"):
            return sum(sums.values())
        return sums.get(self.env.uid, 0.0)

    def _compute_kpi_crm_win_rate_value(self):
        self._kpi_crm_check_access()
        start, end, companies = self._get_kpi_compute_parameters()
        rows = (
            self.env["crm.lead"]
            .with_context(active_test=False)
            ._read_group(
                [
                    ("type", "=", "opportunity"),
                    ("won_status", "in", ("won", "lost")),
                    ("date_closed", ">=", start),
                    ("date_closed", "<", end),
                    ("company_id", "in", [*companies.ids, False]),
                ],
                ["company_id", "won_status"],
                ["__count"],
            )
        )
        counts = {(company, status): count for company, status, count in rows}
        nobody = self.env["res.company"]
        for digest in self:
            own = (digest.company_id or self.env.company, nobody)
            won, lost = (
                sum(counts.get((company, status), 0) for company in own)
                for status in ("won", "lost")
            )
            digest.kpi_crm_win_rate_value = round(100 * won / (won + lost)) if won + lost else 0

    def _kpi_crm_check_access(self):
        if not self.env.user.has_group("sales_team.group_sale_salesman"):
            raise AccessError(
                self.env._("Do not have access, skip this data for user's digest email")
            )

    def _compute_kpis_actions(self, company, user):
        actions = super()._compute_kpis_actions(company, user)
        menu = self.env.ref(MENU).id
        for name in ("booked", "invoiced", "collected"):
            actions[f"kpi_crm_{name}"] = f"crm_sales.crm_achievement_action?menu_id={menu}"
        actions["kpi_crm_win_rate"] = f"crm_sales.crm_opportunity_report_action?menu_id={menu}"
        return actions
