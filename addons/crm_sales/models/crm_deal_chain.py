from odoo import models

STEPS = ("contract", "order", "delivered", "invoiced", "collected", "commission")


class CrmDealChain(models.AbstractModel):
    """A won deal as one line: contract → order → delivered → invoiced → collected → commission."""

    _name = "crm.deal.chain"
    _description = "Line of a Deal"

    def _deal_chain_of(self, orders, currency):
        """Return the steps of these orders, amounts in ``currency``, taxes included.

        :return: list of {"key", "label", "amount", "share", "currency_id"}; the share is 0 to 1
            of what was ordered, None where there is nothing to compare with
        """
        amounts = dict.fromkeys(STEPS, 0.0)
        for order in orders:
            for key, amount in self._deal_amounts(order).items():
                amounts[key] += order.currency_id._convert(
                    amount, currency, order.company_id, order.date_order.date()
                )
        commissions = sum(orders.mapped("commission_amount"))
        company_currency = orders.company_id[:1].currency_id or currency
        amounts["commission"] = (
            company_currency._convert(
                commissions, currency, orders.company_id[:1], orders[:1].date_order.date()
            )
            if commissions
            else 0.0
        )
        labels = self._deal_labels()
        ordered = amounts["order"]
        return [
            {
                "key": key,
                "label": labels[key],
                "amount": currency.round(amounts[key]),
                "share": self._deal_share(key, amounts[key], ordered),
                "currency_id": currency.id,
            }
            for key in STEPS
        ]

    def _deal_labels(self):
        return {
            "contract": self.env._("Contract"),
            "order": self.env._("Order"),
            "delivered": self.env._("Delivered"),
            "invoiced": self.env._("Invoiced"),
            "collected": self.env._("Collected"),
            "commission": self.env._("Commission"),
        }

    @staticmethod
    def _deal_share(key, amount, ordered):
        if key == "commission":
            return 1.0 if amount else 0.0
        return max(min(round(amount / ordered, 4), 1.0), 0.0) if ordered else 0.0

    def _deal_amounts(self, order):
        """Return the amounts of one order that the user may read, in its currency."""
        confirmed = order.state == "sale"
        lines = order.order_line.filtered(lambda line: not line.display_type)
        delivered = sum(
            line.price_total * min(line.qty_delivered / line.product_uom_qty, 1)
            for line in lines
            if line.product_uom_qty
        )
        # sudo: sums of contract and invoices of an order that the user may read
        order_sudo = order.sudo()
        contract = order_sudo.crm_contract_id
        moves = order_sudo.invoice_ids.filtered(lambda move: move.state == "posted")
        invoiced = self._deal_sum(moves, "amount_total", order)
        open_ = self._deal_sum(moves, "amount_residual", order)
        signed = contract.state in ("active", "ended", "replaced")
        return {
            "contract": order.amount_total if signed else 0.0,
            "order": order.amount_total if confirmed else 0.0,
            "delivered": delivered,
            "invoiced": invoiced,
            "collected": max(min(invoiced, invoiced - open_), 0.0),
        }

    @staticmethod
    def _deal_sum(moves, name, order):
        total = 0.0
        for move in moves:
            sign = -1 if move.move_type == "out_refund" else 1
            total += sign * move.currency_id._convert(
                move[name], order.currency_id, order.company_id, move.invoice_date or move.date
            )
        return total
