from decimal import Decimal

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.crm_subledger.engine.scale import ScaleError

from ..engine.rebate import Volume, earned, spans, split, year_before
from ..models.crm_rebate_measure import Measured, Window


class CrmRebateWhatIf(models.TransientModel):
    """Plays an agreement, and another scale, on the purchases of last year."""

    _name = "crm.rebate.what.if"
    _description = "Rebate Trial"

    agreement_id = fields.Many2one("crm.rebate.agreement", required=True)
    company_id = fields.Many2one(related="agreement_id.company_id")
    currency_id = fields.Many2one(related="agreement_id.currency_id")
    reward = fields.Selection(related="agreement_id.reward")
    method = fields.Selection(
        selection=lambda self: (
            self.env["crm.rebate.agreement"]._fields["method"]._description_selection(self.env)
        ),
        required=True,
        compute="_compute_method",
        store=True,
        readonly=False,
        precompute=True,
    )
    change = fields.Float(
        "Change of Volume (%)", help="How much more, or less, than last year is bought."
    )
    tier_ids = fields.One2many("crm.rebate.what.if.tier", "what_if_id", "Other Scale")
    line_ids = fields.One2many("crm.rebate.what.if.line", "what_if_id", readonly=True)
    total_now = fields.Monetary(compute="_compute_totals")
    total_then = fields.Monetary(compute="_compute_totals")
    difference = fields.Monetary(compute="_compute_totals")

    @api.depends("agreement_id")
    def _compute_method(self):
        for trial in self:
            trial.method = trial.agreement_id.method or "retroactive"

    @api.depends("line_ids.amount_now", "line_ids.amount_then")
    def _compute_totals(self):
        for trial in self:
            trial.total_now = sum(trial.line_ids.mapped("amount_now"))
            trial.total_then = sum(trial.line_ids.mapped("amount_then"))
            trial.difference = trial.total_then - trial.total_now

    @api.model
    def default_get(self, fields_list):
        """Start from the scale of the agreement."""
        values = super().default_get(fields_list)
        agreement = self.env["crm.rebate.agreement"].browse(values.get("agreement_id"))
        values.setdefault("tier_ids", self._prepare_tiers(agreement))
        return values

    @api.model_create_multi
    def create(self, vals_list):
        """Start from the scale of the agreement, unless tiers are given."""
        for vals in vals_list:
            agreement = self.env["crm.rebate.agreement"].browse(vals.get("agreement_id"))
            vals.setdefault("tier_ids", self._prepare_tiers(agreement))
        return super().create(vals_list)

    @api.model
    def _prepare_tiers(self, agreement):
        """Return the scale of the agreement, to be changed for the trial."""
        return [
            Command.create({"lower_bound": tier.lower_bound, "rate": tier.rate})
            for tier in agreement.tier_ids
        ]

    def action_compute(self):
        """Compute both scales on last year's posted purchases, changed by the percentage."""
        self.ensure_one()
        self.agreement_id.check_access("read")
        if not self.tier_ids or not self.agreement_id.participant_ids:
            raise UserError(self.env._("Enter a scale, and the participants of the agreement."))
        if self.change <= -100:
            raise UserError(self.env._("Purchases cannot fall by 100 % or more."))
        self.line_ids = [Command.clear()] + [Command.create(vals) for vals in self._rows()]
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
            "name": self.env._("What If"),
        }

    def _rows(self):
        """Return the values of a line per participant and period."""
        keys, windows = self._windows()
        # sudo: figures of the agreement that the user may read, as checked in action_compute
        found = self.sudo().env["crm.rebate.measure"]._measure(windows)
        factor = 1 + Decimal(repr(self.change)) / 100
        volumes = {}
        for key in keys:
            volume = (found.get(key) or Measured()).volume
            purchases = [(money * factor, units) for money, units in volume.purchases]
            volumes[key] = volume.times(factor)
            if purchases:
                volumes[key] = volumes[key] + Volume(purchases=purchases)
        rows = []
        for first, last in sorted({key[1:] for key in keys.values()}):
            members = [key for key, value in keys.items() if value[1:] == (first, last)]
            now = self._amounts(members, keys, volumes)
            then = self._amounts(members, keys, volumes, other=True)
            for key, before, after in zip(members, now, then, strict=True):
                rows.append(self._prepare_line_vals(keys[key], volumes[key], before, after))
        return rows

    def _windows(self):
        # sudo: see _rows
        agreement = self.agreement_id.sudo()
        keys, windows = {}, []
        for first, last in spans(
            agreement.date_from, agreement.date_to, agreement.measure_interval
        ):
            first, last = year_before(first), year_before(last)
            for participant in agreement.participant_ids:
                key = len(keys) + 1
                keys[key] = (participant, first, last)
                common = (agreement.id, participant.id)
                windows.append(Window(key, False, *common, first, last))
                if agreement.kind == "growth" and not participant.baseline:
                    before = (year_before(first), year_before(last))
                    windows.append(Window(key, True, *common, *before))
        return keys, windows

    def _amounts(self, members, keys, volumes, other=False):
        """Return what each member earns with the agreement's scale or with the other one."""
        # sudo: see _rows
        agreement = self.agreement_id.sudo()
        if agreement.participation != "group":
            return [
                earned(self._terms(keys[key][0], other), volumes[key]).amount for key in members
            ]
        total = sum((volumes[key] for key in members), Volume())
        terms = self._terms(agreement.participant_ids.browse(), other)
        sizes = [volumes[key].size(terms.basis) for key in members]
        return split(earned(terms, total).amount, sizes, terms.rounding)

    def _terms(self, participant, other):
        # sudo: see _rows
        agreement = self.agreement_id.sudo()
        terms = agreement._terms(participant)
        if not other:
            return terms
        try:
            scale = agreement._scale(self.tier_ids, self.method)
        except ScaleError as error:
            raise UserError(
                self.env._("The other tiers do not form a scale (%s).", str(error))
            ) from error
        return terms.with_scale(scale)

    def _prepare_line_vals(self, key, volume, before, after):
        """Return the values of a line: purchases of last year, and the rebate now and then."""
        participant, first, last = key
        return {
            "partner_id": participant.partner_id.id,
            "date_from": first,
            "date_to": last,
            "revenue": float(volume.revenue),
            "quantity": float(volume.quantity),
            "amount_now": float(before),
            "amount_then": float(after),
            "difference": float(after - before),
        }
