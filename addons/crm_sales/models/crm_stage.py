from odoo import fields, models

FORECAST_CATEGORIES = [
    ("pipeline", "Pipeline"),
    ("best_case", "Best Case"),
    ("commit", "Commit"),
    ("closed", "Closed"),
    ("omitted", "Omitted"),
]


class CrmStage(models.Model):
    """Where deals of a stage count in the forecast, what it asks for, how to work in it."""

    _inherit = "crm.stage"

    # --- routing ---

    routing_weight = fields.Float(
        default=1.0,
        help="How much work an open lead in this stage means, for routing by open work: a person "
        "with a capacity of 50 may have 50 leads of weight 1.",
    )

    _routing_weight_positive = models.Constraint(
        "CHECK (routing_weight >= 0)", "The routing weight of a stage cannot be negative."
    )

    gate_ids = fields.One2many("crm.stage.gate", "stage_id", "Gates")
    playbook_ids = fields.One2many("crm.playbook", "stage_id", "Playbooks")

    forecast_category = fields.Selection(
        FORECAST_CATEGORIES,
        required=True,
        default="pipeline",
        help="Where opportunities of this stage count in the forecast, unless their salesperson "
        "says otherwise. Won opportunities always count as closed.",
    )
