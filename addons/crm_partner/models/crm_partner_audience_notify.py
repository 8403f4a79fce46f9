from odoo import Command, api, fields, models
from odoo.exceptions import UserError


class CrmPartnerAudienceNotify(models.AbstractModel):
    """A mail to the people of partners about something that was published to them, once."""

    _name = "crm.partner.audience.notify"
    _description = "Told to Partners by Mail"
    _inherit = ["crm.partner.audience.mixin"]

    notified_on = fields.Datetime(
        "Told by Mail", readonly=True, copy=False, groups="base.group_user"
    )
    notified_count = fields.Integer(
        "People Told", readonly=True, copy=False, groups="base.group_user"
    )
    is_notified = fields.Boolean(compute="_compute_is_notified", compute_sudo=True)

    @api.depends("notified_on")
    def _compute_is_notified(self):
        """Whether the mail about what is shown now has been sent; a model may have versions."""
        for record in self:
            record.is_notified = bool(record.notified_on)

    def action_notify(self):
        """Open the dialog that says how many people a mail would go to.

        :raise UserError: if partners do not see it today, or were told already
        """
        self.ensure_one()
        self.check_access("write")
        self._check_notify()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Notify Partners"),
            "res_model": "crm.partner.notify",
            "view_mode": "form",
            "target": "new",
            "context": self._notify_context(),
        }

    def _notify_context(self):
        """Hook: return the context with the default of the dialog that stands for the record."""
        return {}

    def _notify_template(self):
        """Hook: return the mail.template, rendered for the record."""
        return self.env["mail.template"]

    def _notified_values(self):
        """Return what is written once the mail was sent."""
        return {"notified_on": fields.Datetime.now()}

    def _check_notify(self):
        if not self.is_current:
            raise UserError(
                self.env._(
                    '"%s" is not shown to partners today: publish it and look at its dates first.',
                    self.display_name,
                )
            )
        if self.is_notified:
            raise UserError(self.env._('Partners were told of "%s" already.', self.display_name))

    def _notify_people(self):
        """Return who of the audience gets a mail, who wants none, and who has no address.

        :return: three record sets of res.partner (superuser)
        """
        people = self._audience().partner_id
        unwanted = people.filtered(lambda one: one.channel_mail_optout or one.is_blacklisted)
        without = (people - unwanted).filtered(lambda one: not one.email)
        return people - unwanted - without, unwanted, without

    def _notify_partners(self):
        """Send the mail, each person their own and in their language, through the mail queue.

        :return: the number of people
        :raise UserError: as :meth:`action_notify`, or if nobody would get it
        """
        self.ensure_one()
        self.check_access("write")
        # of two people who press the button at the same moment one is told so
        self.lock_for_update()
        self.invalidate_recordset()
        self._check_notify()
        people = self._notify_people()[0]
        if not people:
            raise UserError(self.env._("There is nobody this mail could be sent to."))
        for lang, group in people.grouped("lang").items():
            # sudo: a mail of the programme; who may change the record may send it
            template = self._notify_template().sudo().with_context(lang=lang or self.env.lang)
            template.send_mail(self.id, email_values={"recipient_ids": [Command.set(group.ids)]})
        self.write({**self._notified_values(), "notified_count": len(people)})
        self._message_log(body=self.env._("Told by mail: %s people of partners.", len(people)))
        return len(people)
