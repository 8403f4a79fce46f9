from odoo import api, fields, models
from odoo.exceptions import ValidationError

FIRST_DAY = fields.Date.to_date("1900-01-01")
LAST_DAY = fields.Date.to_date("9999-12-31")


class CrmPersonMixin(models.AbstractModel):
    """Somebody who takes part in something and earns: a colleague or an external agent, for days.

    What they take part in is the field ``_person_of``; the words of the messages are the model's.
    """

    _name = "crm.person.mixin"
    _description = "Colleague or External Agent"
    _person_of = None

    user_id = fields.Many2one("res.users", "Colleague", index="btree_not_null")
    agent_id = fields.Many2one("res.partner", "External Agent")
    partner_id = fields.Many2one(
        "res.partner",
        "Payee",
        compute="_compute_partner_id",
        store=True,
        precompute=True,
        index=True,
    )
    date_from = fields.Date("From")
    date_to = fields.Date("To")

    # ------------------------------------------------------------------
    # The words of the model
    # ------------------------------------------------------------------

    def _new_person_name(self):
        """Return the name of a row that names nobody yet."""
        return self.env._("New member")

    def _not_one_person(self):
        """Return the message for a row that names nobody, or two."""
        raise NotImplementedError

    def _without_contact(self):
        """Return the message for a user whose contact is missing."""
        raise NotImplementedError

    def _ends_too_early(self):
        """Return the message for an end before the beginning."""
        raise NotImplementedError

    # ------------------------------------------------------------------

    @api.depends("user_id", "agent_id")
    def _compute_partner_id(self):
        for person in self:
            person.partner_id = person.user_id.partner_id or person.agent_id

    @api.depends("partner_id.name")
    def _compute_display_name(self):
        for person in self:
            person.display_name = person.partner_id.name or person._new_person_name()

    @api.constrains(lambda self: [self._person_of, "user_id", "agent_id"])
    def _check_person(self):
        for person in self:
            if bool(person.user_id) == bool(person.agent_id):
                raise ValidationError(person._not_one_person())
            if not person.partner_id:
                raise ValidationError(person._without_contact())

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for person in self:
            first, last = person._span()
            if last < first:
                raise ValidationError(person._ends_too_early())

    def _span(self):
        """Return the first and the last day, both included; far away where there is no limit."""
        return self.date_from or FIRST_DAY, self.date_to or LAST_DAY
