from odoo import api, fields, models
from odoo.tools import format_datetime, ormcache


class CrmPlaybook(models.Model):
    """What a salesperson does, says and shows while an opportunity is in a stage."""

    _name = "crm.playbook"
    _description = "Playbook"
    _inherit = ["crm.kept.mixin"]
    _order = "stage_id, sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    stage_id = fields.Many2one("crm.stage", required=True, ondelete="cascade", index=True)
    team_ids = fields.Many2many("crm.team", string="Pipelines", help="Empty: all teams.")
    item_ids = fields.One2many("crm.playbook.item", "playbook_id", "Checklist", copy=True)
    talk_track = fields.Html(translate=True, help="What to say, ask and answer in this stage.")
    attachment_ids = fields.Many2many(
        "ir.attachment", string="Collateral", help="What to show or send in this stage."
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Make its files readable for whoever reads the playbook."""
        playbooks = super().create(vals_list)
        playbooks._own_attachments()
        return playbooks

    def write(self, vals):
        """Make new files readable for whoever reads the playbook."""
        result = super().write(vals)
        if "attachment_ids" in vals:
            self._own_attachments()
        return result

    def _own_attachments(self):
        """File the collateral under its playbook: who reads the playbook then reads it too."""
        for playbook in self:
            loose = playbook.attachment_ids.filtered(lambda one: not one.res_id)
            loose.write({"res_model": self._name, "res_id": playbook.id})

    @api.model
    @ormcache()
    def _mandatory_item_ids(self):
        """Return ``{stage id: ids of items}`` that must be done before the stage is left."""
        # sudo: a mandatory item binds whoever moves the opportunity; no context changes that
        # pylint: disable-next=context-overridden
        everything = self.env["crm.playbook.item"].sudo().with_context({})
        items = everything.search([("mandatory", "=", True), ("playbook_id.active", "=", True)])
        return {
            stage.id: tuple(group.ids)
            for stage, group in items.grouped(lambda item: item.playbook_id.stage_id).items()
        }

    @api.model
    def _missing_on_leaving(self, lead, stage):
        """Return what must still be ticked before ``lead`` leaves ``stage`` forward."""
        ids = self._mandatory_item_ids().get(stage.id)
        if not ids:
            return []
        items = lead.env["crm.playbook.item"].browse(ids)
        ticked = lead.check_ids.item_id
        return [
            {
                "kind": "check",
                "text": self.env._("Checklist item “%s”", item.name),
                "hint": item.help or self.env._("do it and tick it on the page Stage Guide"),
                "stage": stage.name,
            }
            for item in items
            if item not in ticked and item.playbook_id._is_for(lead)
        ]

    def _is_for(self, lead):
        self.ensure_one()
        return not self.team_ids or lead.team_id in self.team_ids

    @api.model
    def _guide(self, lead):
        """Return the playbooks of the stage of ``lead`` as its form shows them."""
        books = self.search([("stage_id", "=", lead.stage_id.id)]).filtered(
            lambda book: book._is_for(lead)
        )
        ticks = {tick.item_id: tick for tick in lead.check_ids}
        return {
            "items": [self._guide_item(item, ticks.get(item)) for item in books.item_ids],
            "talk_track": [str(book.talk_track) for book in books if book.talk_track],
            "collateral": [
                # sudo: names of files of playbooks that the user may read
                {"id": file.id, "name": file.name}
                for file in books.attachment_ids.sudo()
            ],
        }

    @api.model
    def _guide_item(self, item, tick):
        return {
            "id": item.id,
            "name": item.name,
            "help": item.help or "",
            "mandatory": item.mandatory,
            "done": bool(tick),
            "by": tick.user_id.name if tick else "",
            "on": format_datetime(self.env, tick.date, dt_format="short") if tick else "",
        }
