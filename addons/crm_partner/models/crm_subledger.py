from odoo import api, fields, models
from odoo.exceptions import UserError


class CrmSubledger(models.Model):
    """Ledgers for rebates and funds, and whether partners see them on their statements."""

    _inherit = "crm.subledger"

    kind = fields.Selection(
        selection_add=[
            ("rebate", "Rebates Granted"),
            ("rebate_vendor", "Rebates Received"),
            ("mdf", "Market Development Funds"),
        ],
        ondelete={
            "rebate": "set default",
            "rebate_vendor": "set default",
            "mdf": "set default",
        },
    )
    mdf_service_account_id = fields.Many2one(
        "account.account",
        "Account of Services Received",
        check_company=True,
        help="Expense of distinct services that partners deliver for fund money (IFRS 15.70–72).",
    )

    def _mdf_service_account(self):
        """Return the expense account of distinct services.

        :raises UserError: none is set
        """
        self.ensure_one()
        if not self.mdf_service_account_id:
            raise UserError(
                self.env._(
                    "Sub-ledger “%s” has no account of services received. Set it under Invoicing > "
                    "Configuration > Sub-ledgers.",
                    self.name,
                )
            )
        return self.mdf_service_account_id

    # --- statements of account ---
    on_statement = fields.Boolean(
        "Shown on Statements",
        compute="_compute_on_statement",
        store=True,
        readonly=False,
        help="Statements of account of partners have a section with what this ledger holds for "
        "them. Proposed for the programmes of partners: funds, rebates, fees.",
    )

    @api.depends("kind")
    def _compute_on_statement(self):
        internal = self._statement_internal_kinds()
        for ledger in self:
            ledger.on_statement = ledger.kind not in internal

    @api.model
    def _statement_internal_kinds(self):
        """Hook: the kinds of ledgers that are no business of partners."""
        return {"other", "commission", "contract_cost"}
