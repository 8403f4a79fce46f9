from odoo import fields, models


class CrmPlaybookItem(models.Model):
    """A step to tick on each opportunity in the stage; a mandatory one binds whoever moves it."""

    _name = "crm.playbook.item"
    _description = "Checklist Item of a Playbook"
    _inherit = ["crm.kept.mixin"]
    _order = "playbook_id, sequence, id"

    playbook_id = fields.Many2one("crm.playbook", required=True, ondelete="cascade", index=True)
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True, translate=True)
    help = fields.Char("How", translate=True)
    mandatory = fields.Boolean(help="Must be done before the opportunity goes on to a later stage.")
