from odoo import Command

from odoo.addons.crm_subledger.tests.common import day

from .common import PartnerCase


class MdfCase(PartnerCase):
    """A sub-ledger 2241-MDF, and a fund of 2 % of what alpha buys in the first quarter of 2026."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()
        cls.fund_account = cls._create_account("224190", "MDF payable", "liability_current")
        cls.revenue = cls._account("6001")
        cls.service = cls._account("6601")
        cls.vat = cls._account("2221")
        cls.payable_account = cls._account("2202")
        cls.mdf_ledger = cls._create_ledger(
            "MDF",
            cls.fund_account,
            cls.revenue,
            kind="mdf",
            mdf_service_account_id=cls.service.id,
        )
        cls.pump.property_account_income_id = cls.revenue
        cls.purchase_6 = cls._sale_tax(6, "purchase")
        cls.exhibition = cls.env.ref("crm_partner.mdf_activity_exhibition")

    @classmethod
    def _create_fund(cls, partner=None, **values):
        fund = cls.env["crm.mdf.fund"].create(
            {
                "partner_id": (partner or cls.alpha).id,
                "company_id": cls.company.id,
                "ledger_id": cls.mdf_ledger.id,
                "user_id": cls.channel.id,
                "date_from": day("2026-01-01"),
                "date_to": day("2026-03-31"),
                "expiry_date": day("2027-06-30"),
                **values,
            }
        )
        fund.action_open()
        return fund

    @classmethod
    def _create_request(cls, fund, cost=80000, **values):
        return cls.env["crm.mdf.request"].create(
            {
                "title": "Machinery fair",
                "fund_id": fund.id,
                "kind_id": cls.exhibition.id,
                "date_from": day("2026-05-01"),
                "date_to": day("2026-05-04"),
                "cost": cost,
                "cofunding_rate": 50,
                "plan": "A stand of 36 square metres",
                **values,
            }
        )

    @classmethod
    def _create_claim(cls, request, number, amount, tax=0, proof=True, **values):
        claim = cls.env["crm.mdf.claim"].create(
            {
                "request_id": request.id,
                "invoice_number": number,
                "invoice_date": day("2026-06-10"),
                "amount": amount,
                "tax_amount": tax,
                **values,
            }
        )
        if proof:
            cls.env["ir.attachment"].create(
                {
                    "name": f"{number}.pdf",
                    "raw": b"%PDF-1.4 proof",
                    "res_model": claim._name,
                    "res_id": claim.id,
                }
            )
        return claim

    def _approved_request(self, fund, cost=80000, **values):
        request = self._create_request(fund, cost, **values)
        request.action_submit()
        request.action_approve()
        return request

    def _settle(self, claim):
        """Settle a claim as channel manager and accounting do; return the posted document."""
        claim.with_user(self.channel).action_settle()
        move = claim.sudo()._document()
        move.action_post()
        self.run_subledger()
        return move

    def items(self, moves):
        """Return {account code: (debit, credit)} of journal entries, as they are printed."""
        sums = {}
        for line in moves.line_ids:
            debit, credit = sums.get(line.account_id.code, (0.0, 0.0))
            sums[line.account_id.code] = (
                round(debit + line.debit, 2),
                round(credit + line.credit, 2),
            )
        return sums

    def entries(self, fund, component):
        return self.env["crm.subledger.entry"].search(
            [
                ("res_model", "=", "crm.mdf.fund"),
                ("res_id", "=", fund.id),
                ("component", "=", component),
            ],
            order="id",
        )

    @classmethod
    def _lead_order(cls, campaign, amount):
        """Create a won deal of a campaign whose order is invoiced; return the invoice."""
        stage = cls.env["crm.stage"].search([("is_won", "=", True)], limit=1)
        lead = cls.env["crm.lead"].create(
            {
                "name": "From the fair",
                "type": "opportunity",
                "campaign_id": campaign.id,
                "company_id": cls.company.id,
            }
        )
        order = cls.env["sale.order"].create(
            {
                "partner_id": cls.outsider.id,
                "opportunity_id": lead.id,
                "company_id": cls.company.id,
                "order_line": [
                    Command.create(
                        {"product_id": cls.pump.id, "product_uom_qty": 1, "price_unit": amount}
                    )
                ],
            }
        )
        order.action_confirm()
        lead.stage_id = stage
        invoice = order._create_invoices()
        invoice.invoice_date = day("2026-06-20")
        invoice.action_post()
        return invoice
