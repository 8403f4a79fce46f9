from collections import defaultdict

from markupsafe import Markup

from odoo import api, fields, models

ACTIVITY = "crm_sales.mail_activity_type_stuck_deal"
BATCH = 200
DIGEST_ROWS = 50


class CrmStuckAlert(models.AbstractModel):
    """Tells the owner, and the leader of the team, about deals that stay in a stage too long."""

    _name = "crm.stuck.alert"
    _description = "Alerts about Stuck Deals"

    @api.model
    def _stuck(self):
        """Return the opportunities that rot by the threshold of their stage, for alerts."""
        if not self.env["crm.stage"].search_count([("rotting_threshold_days", ">", 0)], limit=1):
            return self.env["crm.lead"]
        return self.env["crm.lead"].search([("is_rotting", "=", True)], order="id")

    @api.model
    def _cron_alert(self):
        """Give the owner of each stuck deal an activity; then tell the leaders of the teams."""
        leads = self._stuck()
        progress = self.env["ir.cron"]
        progress._commit_progress(remaining=len(leads))
        for start in range(0, len(leads), BATCH):
            batch = leads[start : start + BATCH]
            self._alert(batch)
            if not progress._commit_progress(len(batch)):
                return
        self._send_digests(leads)

    @api.model
    def _alert(self, leads):
        """Schedule one activity a deal and stay in a stage; one that fails keeps its reason."""
        todo = leads - self._alerted(leads)
        for lead in todo:
            try:
                with self.env.cr.savepoint():
                    self._alert_one(lead)
            except Exception as error:
                lead._set_discipline_error(str(error))
        return todo

    @api.model
    def _alerted(self, leads):
        """Return the leads whose owner was told since they came to their stage."""
        kind = self.env.ref(ACTIVITY)
        groups = (
            self.env["mail.activity"]
            .with_context(active_test=False)
            ._read_group(
                [
                    ("res_model", "=", "crm.lead"),
                    ("res_id", "in", leads.ids),
                    ("activity_type_id", "=", kind.id),
                ],
                ["res_id"],
                ["create_date:max"],
            )
        )
        told = dict(groups)
        return leads.filtered(
            lambda lead: lead.id in told and told[lead.id] >= lead.date_last_stage_update
        )

    @api.model
    def _alert_one(self, lead):
        owner = lead.user_id or lead.team_id.user_id
        if not owner:
            raise ValueError(
                self.env._("Nobody to tell: the deal has no salesperson and its team no leader.")
            )
        lead.activity_schedule(
            ACTIVITY,
            user_id=owner.id,
            summary=self.env._("Stuck in %s", lead.stage_id.name),
            note=self.env._(
                "This deal has been in the stage %(stage)s for %(days)s days. Take the next step, "
                "move the expected closing, or mark it as lost.",
                stage=lead.stage_id.name,
                days=lead.rotting_days,
            ),
        )
        if lead.discipline_error:
            lead._set_discipline_error(False)

    # ------------------------------------------------------------------
    # Digest
    # ------------------------------------------------------------------

    @api.model
    def _send_digests(self, leads):
        """Send the leader of each team one message about its stuck deals, on Mondays."""
        if fields.Date.context_today(self).weekday():
            return
        by_leader = defaultdict(lambda: self.env["crm.lead"])
        for lead in leads:
            company = lead.company_id or self.env.company
            if lead.team_id.user_id and company.stuck_digest:
                by_leader[lead.team_id.user_id] |= lead
        for leader, stuck in by_leader.items():
            self._send_digest(leader, stuck)

    @api.model
    def _send_digest(self, leader, leads):
        leads = leads.sorted(lambda lead: -lead.rotting_days)
        in_lang = self.with_context(lang=leader.lang)
        row = Markup("<tr><td><a href='%s'>%s</a></td><td>%s</td><td>%s</td><td>%s</td></tr>")
        rows = Markup("").join(
            row
            % (
                f"/odoo/crm.lead/{lead.id}",
                lead.name,
                lead.user_id.name or "",
                lead.with_context(lang=leader.lang).stage_id.name,
                lead.rotting_days,
            )
            for lead in leads[:DIGEST_ROWS]
        )
        head = Markup("<tr><th>%s</th><th>%s</th><th>%s</th><th>%s</th></tr>") % (
            in_lang.env._("Opportunity"),
            in_lang.env._("Salesperson"),
            in_lang.env._("Stage"),
            in_lang.env._("Days"),
        )
        self.env["mail.thread"].message_notify(
            subject=in_lang.env._("Stuck deals of your team: %s", len(leads)),
            body=Markup("<table class='table'>%s%s</table>") % (head, rows),
            partner_ids=leader.partner_id.ids,
        )
