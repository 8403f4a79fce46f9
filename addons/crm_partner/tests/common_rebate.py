from odoo import Command

from .common import PartnerCase


class RebateCase(PartnerCase):
    """The partner programme with a ledger of granted and one of received rebates.

    Accounts as in the chart of a Chinese company: 2241 other payables and 1221 other receivables
    hold the rebates, 6001 revenue and 6401 cost are what they change.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.revenue = cls._account("6001")
        cls.cost = cls._account("6401")
        cls.rebates = cls._create_account("224191", "Rebates granted", "liability_current")
        cls.rebates_in = cls._create_account("122191", "Rebates received", "asset_current")
        cls.rebate_ledger = cls._create_ledger("RBT", cls.rebates, cls.revenue, kind="rebate")
        cls.vendor_ledger = cls._create_ledger(
            "RBV", cls.rebates_in, cls.cost, kind="rebate_vendor"
        )

    @classmethod
    def _agreement(cls, tiers, partners=None, start=True, **values):
        """Return an agreement over Oct–Dec 2025 with ``tiers`` [(from, rate)], active."""
        participants = values.pop("participants", None) or [
            {"partner_id": partner.id} for partner in partners or cls.alpha
        ]
        vendor = values.get("direction") == "vendor"
        agreement = cls.env["crm.rebate.agreement"].create(
            {
                "name": "Rebate 2025",
                "company_id": cls.company.id,
                "ledger_id": (cls.vendor_ledger if vendor else cls.rebate_ledger).id,
                "date_from": "2025-10-01",
                "date_to": "2025-12-31",
                "tier_ids": [
                    Command.create({"lower_bound": lower, "rate": rate}) for lower, rate in tiers
                ],
                "participant_ids": [Command.create(vals) for vals in participants],
                **values,
            }
        )
        if start:
            agreement.action_activate()
            cls.env.flush_all()
        return agreement

    def _settle(self, period, method="credit_note", **options):
        """Settle as the accountant does, posted, and let the loop run."""
        options.setdefault("post", True)
        settlement = self.env["crm.rebate.settlement"]._settle(period, method, **options)
        self.run_subledger()
        return settlement

    def _bill(self, partner, date, amount, *, refund=False, quantity=1, product=None, tax=None):
        """Return a posted vendor bill or refund of one line, ``amount`` excluding taxes."""
        bill = self.env["account.move"].create(
            {
                "move_type": "in_refund" if refund else "in_invoice",
                "partner_id": partner.id,
                "invoice_date": date,
                "date": date,
                "company_id": self.company.id,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": (product or self.pump).id,
                            "quantity": quantity,
                            "price_unit": amount / quantity,
                            "tax_ids": [Command.set((tax or self._sale_tax(13, "purchase")).ids)],
                        }
                    )
                ],
            }
        )
        bill.action_post()
        return bill

    def _return(self, invoice, date, amount):
        """Return a posted credit note over ``amount`` of an invoice of one line."""
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, "date": date})
        )
        note = self.env["account.move"].browse(wizard.refund_moves()["res_id"])
        note.invoice_date = date
        note.invoice_line_ids.write({"quantity": 1, "price_unit": amount})
        note.action_post()
        return note
