from odoo import models


class MailActivity(models.Model):
    """A contact that was marked as done answers its lead and stops the clock."""

    _inherit = "mail.activity"

    def _action_done(self, feedback=False, attachment_ids=None):
        leads = self._leads_responded_to()
        result = super()._action_done(feedback=feedback, attachment_ids=attachment_ids)
        leads._sla_check_responses()
        return result

    def _leads_responded_to(self):
        """Return the leads that these activities are about."""
        on_leads = self.filtered(lambda activity: activity.res_model == "crm.lead")
        return self.env["crm.lead"].browse(on_leads.mapped("res_id"))
