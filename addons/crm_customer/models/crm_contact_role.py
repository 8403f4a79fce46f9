from odoo import fields, models


class CrmContactRole(models.Model):
    """What a contact is in a purchase: who decides, who uses, who pays."""

    _name = "crm.contact.role"
    _description = "Contact Role"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    color = fields.Integer()
    description = fields.Text(translate=True, help="What to keep in mind with such a contact.")
    active = fields.Boolean(default=True)
    partner_ids = fields.Many2many(
        "res.partner", "crm_contact_role_partner_rel", "role_id", "partner_id", string="Contacts"
    )

    _name_uniq = models.Constraint("UNIQUE (name)", "There is a contact role of that name already.")
