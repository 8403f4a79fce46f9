from odoo import Command, api, fields, models
from odoo.exceptions import UserError, ValidationError


class CrmRebateParticipant(models.Model):
    """A partner who is paid under an agreement, and whose purchases count for it."""

    _name = "crm.rebate.participant"
    _description = "Rebate Participant"
    _order = "agreement_id, id"
    _rec_name = "partner_id"
    _check_company_auto = True

    agreement_id = fields.Many2one(
        "crm.rebate.agreement", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="agreement_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="agreement_id.currency_id")
    partner_id = fields.Many2one(
        "res.partner",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
        domain="[('is_company', '=', True)]",
        help="The company that is paid.",
    )
    buyer_ids = fields.Many2many(
        "res.partner",
        "crm_rebate_participant_buyer_rel",
        "participant_id",
        "partner_id",
        "Purchases of",
        compute="_compute_buyer_ids",
        store=True,
        help="The companies whose purchases count: the partner, or its whole tree.",
    )
    expected_volume = fields.Float(
        "Expected per Period",
        digits=(16, 2),
        help="What this partner is expected to buy in a whole period; empty: as the agreement"
        " says.",
    )
    baseline = fields.Float(
        digits=(16, 2),
        help="Agreed baseline of growth; empty: the purchases of the same period of last year.",
    )
    target = fields.Float("Target per Period", digits=(16, 2))
    period_ids = fields.One2many("crm.rebate.period", "participant_id")

    _partner_uniq = models.Constraint(
        "UNIQUE(agreement_id, partner_id)", "A partner takes part in an agreement once."
    )
    _figures_positive = models.Constraint(
        "CHECK(COALESCE(expected_volume, 0) >= 0 AND COALESCE(baseline, 0) >= 0"
        " AND COALESCE(target, 0) >= 0)",
        "Expected volume, baseline and target of a participant must not be negative.",
    )

    def init(self):
        """Create the index that an invoice needs to find the agreements of its buyer."""
        # the purchases of a partner are looked up by partner first
        self.env.cr.execute(
            "CREATE INDEX IF NOT EXISTS crm_rebate_participant_buyer_partner_idx"
            " ON crm_rebate_participant_buyer_rel (partner_id, participant_id)"
        )

    @api.depends("partner_id", "agreement_id.participation")
    def _compute_buyer_ids(self):
        for participant in self:
            partner = participant.partner_id
            if participant.agreement_id.participation == "tree":
                partner = partner._rebate_tree()
            participant.buyer_ids = [Command.set(partner.commercial_partner_id.ids)]

    @api.constrains("partner_id")
    def _check_partner(self):
        for participant in self:
            if participant.partner_id != participant.partner_id.commercial_partner_id:
                raise ValidationError(
                    self.env._(
                        "%(contact)s is a contact of %(company)s. Enter the company itself:"
                        " its purchases count, and it is paid.",
                        contact=participant.partner_id.name,
                        company=participant.partner_id.commercial_partner_id.name,
                    )
                )

    @api.constrains("buyer_ids", "agreement_id", "partner_id")
    def _check_buyers(self):
        for agreement in self.agreement_id:
            seen = {}
            for participant in agreement.participant_ids:
                for buyer in participant.buyer_ids:
                    if buyer in seen:
                        raise ValidationError(
                            self.env._(
                                "Agreement “%(agreement)s”: the purchases of %(buyer)s would count"
                                " for both %(first)s and %(second)s. Remove one of them.",
                                agreement=agreement.name,
                                buyer=buyer.name,
                                first=seen[buyer].partner_id.name,
                                second=participant.partner_id.name,
                            )
                        )
                    seen[buyer] = participant

    @api.model_create_multi
    def create(self, vals_list):
        """Add partners; a running agreement gets their periods at once."""
        participants = super().create(vals_list)
        participants.agreement_id._after_change()
        return participants

    def write(self, vals):
        """Have the periods follow expected volume, baseline, target (agreement's currency or unit).

        :raise UserError: the partner would change after a settlement, or the agreement after a
            period has begun
        """
        self._check_stays(vals)
        if "partner_id" in vals:
            self.agreement_id._check_not_settled()
        result = super().write(vals)
        if {"expected_volume", "baseline", "target", "partner_id"} & vals.keys():
            self.agreement_id._after_change(revised="expected_volume" in vals)
        return result

    def _check_stays(self, vals):
        """Refuse to take periods, which are measured by their agreement, to another one."""
        # sudo: whoever changes it, periods count
        everything = self.sudo().with_context(active_test=False)
        for participant in everything.filtered("period_ids") if "agreement_id" in vals else ():
            if participant.agreement_id.id != vals["agreement_id"]:
                raise UserError(
                    self.env._(
                        "%(partner)s takes part in “%(agreement)s”. Add it to the other agreement"
                        " instead of moving it there.",
                        partner=participant.partner_id.name,
                        agreement=participant.agreement_id.name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_accrued(self):
        # sudo: whoever deletes, periods count
        everything = self.sudo().with_context(active_test=False)
        used = everything.filtered(lambda p: p.period_ids.filtered("subledger_revision"))
        if used:
            raise ValidationError(
                self.env._(
                    "Rebates of %s were accrued under this agreement. End the agreement and open a"
                    " new one without this partner instead.",
                    used[0].partner_id.name,
                )
            )

    def unlink(self):
        """Delete their periods with them; those that were accrued keep the partner.

        :raise ValidationError: something was accrued
        """
        self.period_ids.unlink()
        return super().unlink()
