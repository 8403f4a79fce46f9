from collections import Counter, defaultdict

from odoo import Command, api, fields, models

#: leads looked at for the preview, a chunk at a time
CHUNK = 5000


class CrmTerritoryActivate(models.TransientModel):
    """What would move if a territory model took effect now, and the button that does it."""

    _name = "crm.territory.activate"
    _description = "Activate a Territory Model"

    model_id = fields.Many2one("crm.territory.model", required=True, ondelete="cascade")
    date_from = fields.Date(related="model_id.date_from", readonly=False)
    replaced_ids = fields.Many2many(
        "crm.territory.model", string="Replaces", compute="_compute_replaced_ids"
    )
    conflicts = fields.Text(related="model_id.conflicts")
    reassign = fields.Boolean(
        "Route the Moved Leads Again",
        help="By the rules in force, whoever has them. Otherwise only the territory changes.",
    )
    line_ids = fields.One2many("crm.territory.activate.line", "wizard_id", readonly=True)
    lead_count = fields.Integer("Open Leads", readonly=True)
    moved_count = fields.Integer("Would Move", readonly=True)

    @api.depends("date_from")
    def _compute_replaced_ids(self):
        for wizard in self:
            model = wizard.model_id
            start = wizard.date_from or fields.Date.context_today(self)
            wizard.replaced_ids = self.env["crm.territory.model"].search(
                [
                    ("state", "=", "active"),
                    ("company_id", "=", model.company_id.id),
                    ("date_from", "<", start),
                    "|",
                    ("date_to", "=", False),
                    ("date_to", ">=", start),
                ]
            )

    @api.model_create_multi
    def create(self, vals_list):
        """Preview at once how many open leads would move, and from where to where."""
        wizards = super().create(vals_list)
        for wizard in wizards:
            wizard._fill()
        return wizards

    def _fill(self):
        """Count what would move."""
        moves, revenue, total = self._moves()
        ranked = sorted(moves.items(), key=lambda item: -item[1])
        self.write(
            {
                "lead_count": total,
                "moved_count": sum(moves.values()),
                "line_ids": [
                    Command.create(
                        {
                            "from_id": old,
                            "to_id": new,
                            "lead_count": number,
                            "expected_revenue": revenue[old, new],
                        }
                    )
                    for (old, new), number in ranked
                ],
            }
        )

    def _moves(self):
        """Return ``({(from, to): leads}, {(from, to): revenue}, open leads)``."""
        self.model_id.check_access("write")
        router, model = self.env["crm.lead.router"], self.model_id
        # sudo: managers, as just checked, see figures of all leads that would move
        leads = self.env["crm.lead"].sudo()
        tree = model._tree(model.id)
        moves, revenue, total, last = Counter(), defaultdict(float), 0, 0
        while chunk := leads.search(
            model._domain_leads() & fields.Domain("id", ">", last), limit=CHUNK, order="id"
        ):
            facts = router._place_facts(chunk)
            for lead in chunk:
                old = lead.territory_id
                new = old.browse(tree.find(facts[lead.id]) or ())
                if (old or new) and not old._same_place(new):
                    moves[old.id, new.id] += 1
                    revenue[old.id, new.id] += lead.expected_revenue
            total, last = total + len(chunk), chunk[-1].id
            leads.invalidate_model()
        return moves, revenue, total

    def action_activate(self):
        """Put the model into effect."""
        self.ensure_one()
        self.model_id.check_access("write")
        self.model_id._activate(self.reassign)
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.territory.model",
            "res_id": self.model_id.id,
            "view_mode": "form",
        }
