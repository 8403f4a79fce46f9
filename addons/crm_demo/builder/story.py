"""The story of one deal, to the cent: order, delivery, invoice, two payments, return, credit.

李 has 80,000 credited in the quarter by an earlier deal; then comes the deal that an accountant
can follow on the screen from the opportunity to the last journal item.
"""

from odoo import Command

from . import accounting, commissions, orders, returns, supply, tables
from .calendar import moment, story_quarter, working_day
from .plan import days

CUSTOMER = "苏州泓泽热能有限公司"
TITLE = "Boiler house pumps 锅炉房循环泵"
STOCK = 100
PRIOR = (tables.PRIOR_PRODUCT, 250, 0)
DEAL = (tables.STORY_PRODUCT, 10, 5)
RETURNED = 2
PRIOR_ORDER, PRIOR_PAYMENT = 1, 6
OPENED, ORDERED, DELIVERED, INVOICED, FIRST, SECOND, SENT_BACK, CREDITED = (
    3,
    8,
    11,
    12,
    16,
    24,
    31,
    32,
)
"""Days after the first day of the quarter."""


def run(env, rng, ctx):
    """Play the story in its quarter; the ledgers are brought up to date after each step."""
    start, _end = story_quarter(ctx.today)
    customer = create_customer(env, ctx)
    supply.receive(env, ctx, ctx.vendors[0], {tables.STORY_PRODUCT: STOCK}, start)
    play_prior_deal(env, ctx, customer, start)
    order = play_deal(env, ctx, customer, start)
    invoice = order.invoice_ids
    half = invoice.currency_id.round(invoice.amount_total / 2)
    accounting.pay_part(env, ctx, invoice, day(start, FIRST), half)
    commissions.bring_up_to_date(env)
    accounting.pay(env, ctx, invoice, day(start, SECOND))
    commissions.bring_up_to_date(env)
    returns.take_back(env, order, order.order_line, RETURNED, day(start, SENT_BACK))
    returns.credit(env, invoice, order.order_line, RETURNED, day(start, CREDITED))
    commissions.bring_up_to_date(env)


def day(start, number):
    """Return the working day ``number`` days after the start of the quarter."""
    return working_day(start + days(number))


def create_customer(env, ctx):
    """Create the customer of the story."""
    shanghai = env.ref("base.state_cn_JS")
    return env["res.partner"].create(
        {
            "name": CUSTOMER,
            "is_company": True,
            "customer_rank": 1,
            "street": "青枫路 66 号",
            "city": "苏州",
            "zip": "215000",
            "state_id": shanghai.id,
            "country_id": shanghai.country_id.id,
            "phone": "+86 512 0000 6688",
            "email": "info@hongze-suzhou.example.com",
            "lang": "zh_CN",
            "create_date": ctx.start,
            "child_ids": [
                Command.create(
                    {
                        "name": "沈亦舟",
                        "function": "Equipment Manager",
                        "lang": "zh_CN",
                        "email": "shen.yizhou@hongze-suzhou.example.com",
                        "phone": "+86 139 0000 6688",
                    }
                )
            ],
        }
    )


def play_prior_deal(env, ctx, customer, start):
    """Sell, invoice and collect services of 80,000.00 before the deal of the story."""
    order = sell(env, ctx, customer, PRIOR, day(start, PRIOR_ORDER))
    invoice = deliver_and_invoice(env, order, *(day(start, PRIOR_ORDER + n) for n in (1, 2)))
    accounting.pay(env, ctx, invoice, day(start, PRIOR_PAYMENT))
    commissions.bring_up_to_date(env)


def play_deal(env, ctx, customer, start):
    """Win the opportunity, confirm its order, deliver it and post its invoice."""
    lead = create_lead(env, ctx, customer, day(start, OPENED))
    order = sell(env, ctx, customer, DEAL, day(start, ORDERED), lead)
    lead.action_set_won()
    lead.write({"date_closed": moment(day(start, ORDERED), 11)})
    deliver_and_invoice(env, order, day(start, DELIVERED), day(start, INVOICED))
    return order


def create_lead(env, ctx, customer, opened):
    """Create the opportunity of the story."""
    lead = env["crm.lead"].create(
        {
            "name": TITLE,
            "type": "opportunity",
            "partner_id": customer.id,
            "user_id": ctx.users["li"].id,
            "team_id": ctx.teams["east"].id,
            "stage_id": ctx.stages["negotiation"].id,
            "expected_revenue": 114000,
            "priority": "3",
            "create_date": moment(opened, 9),
        }
    )
    lead.write({"date_open": moment(opened, 10)})
    return lead


def sell(env, ctx, customer, line, date, lead=None):
    """Quote and confirm an order of one line, dated ``date``."""
    code, quantity, discount = line
    order = env["sale.order"].create(
        {
            "partner_id": customer.id,
            "user_id": ctx.users["li"].id,
            "team_id": ctx.teams["east"].id,
            "opportunity_id": lead.id if lead else False,
            "create_date": moment(date, 9),
            "order_line": [
                Command.create(
                    {
                        "product_id": ctx.products[code].id,
                        "product_uom_qty": quantity,
                        "discount": discount,
                    }
                )
            ],
        }
    )
    if lead:
        commissions.name_presales(env, ctx, order)
    order.action_confirm()
    order.date_order = moment(date, 10)
    return order


def deliver_and_invoice(env, order, delivered, invoiced):
    """Validate the delivery, if there is one, and post the invoice; return the invoice."""
    picking = order.picking_ids
    if picking:
        picking.action_assign()
        orders.validate(picking)
        orders.backdate(picking, delivered)
    invoice = order._create_invoices()
    invoice.invoice_date = invoiced
    invoice.action_post()
    return invoice
