from odoo import fields, models
from odoo.exceptions import UserError


class CrmSubledger(models.Model):
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
