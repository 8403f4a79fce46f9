"""Maintenance contracts over time: their commission is capitalised and amortised."""

from typing import NamedTuple

from odoo import Command, fields

from . import accounting, commissions, tables
from .calendar import bank_day, moment, working_day
from .plan import days

SELLER = "sun"
PAID_AFTER = 20


class Contract(NamedTuple):
    """A contract: ``month`` counts the months of the demonstration; ``ended`` after months."""

    month: int
    price: int
    months: int
    ended: int = 0


CONTRACTS = (
    Contract(2, 240000, 24, 9),
    Contract(4, 168000, 24),
    Contract(6, 96000, 12),
    Contract(8, 312000, 36),
)


def run(env, rng, ctx):
    """Sign, invoice and collect the contracts; one of them is terminated after nine months."""
    partners = [
        partner
        for partner, row in zip(ctx.partners, ctx.customers, strict=True)
        if row.region == "south"
    ]
    for contract, partner in zip(CONTRACTS, partners, strict=False):
        order = sign(env, ctx, contract, partner)
        commissions.bring_up_to_date(env)
        if contract.ended:
            terminate(env, order, contract)
            commissions.bring_up_to_date(env)


def sign(env, ctx, contract, partner):
    """Confirm the order of the contract, post its invoice and register the payment."""
    start = ctx.months[contract.month][0]
    order = env["sale.order"].create(
        {
            "partner_id": partner.id,
            "user_id": ctx.users[SELLER].id,
            "team_id": ctx.teams["south"].id,
            "contract_date_start": start,
            "contract_months": contract.months,
            "create_date": moment(start, 9),
            "order_line": [
                Command.create(
                    {
                        "product_id": ctx.products[tables.CONTRACT_PRODUCT].id,
                        "name": f"维保合同 / Maintenance contract, {contract.months} months",
                        "product_uom_qty": 1,
                        "price_unit": contract.price,
                    }
                )
            ],
        }
    )
    order.action_confirm()
    order.date_order = moment(start, 10)
    invoice = order._create_invoices()
    invoice.invoice_date = working_day(start)
    invoice.action_post()
    accounting.pay(env, ctx, invoice, bank_day(start + days(PAID_AFTER)))
    return order


def terminate(env, order, contract):
    """End the contract through its wizard, on the last day of the month it reached."""
    ended = fields.Date.add(order.contract_date_start, months=contract.ended, days=-1)
    env["crm.contract.terminate"].create({"order_id": order.id, "date": ended}).action_terminate()
