"""Two sold projects: hand-over, budget, costs, and revenue over time."""

from typing import NamedTuple

from odoo import Command, fields
from odoo.tools import date_utils

from . import commissions
from .calendar import moment

SELLER = "sun"


class Project(NamedTuple):
    """A contract: price, budget, then (month, cost, billed) and a later estimate."""

    name: str
    price: int
    budget: int
    months: tuple
    estimate: int


PROJECTS = (
    Project(
        "Pump station 泵站总承包",
        600000,
        400000,
        ((-3, 100000, 200000), (-2, 200000, 100000), (-1, 40000, 0)),
        480000,
    ),
    Project("Cooling retrofit 冷却改造", 240000, 150000, ((-2, 60000, 120000), (-1, 30000, 0)), 0),
)


def run(env, rng, ctx):
    """Sell the projects and play what they cost and what was billed."""
    if "crm.project.revenue" not in env:
        return
    open_ledgers(env)
    product = create_product(env)
    partners = [partner for partner in ctx.partners if partner.is_company][5:]
    for project, partner in zip(PROJECTS, partners, strict=False):
        play(env, ctx, project, product, partner)


def account(env, code):
    """Return the account whose code starts with ``code``."""
    return env["account.account"].search(
        [("code", "=like", f"{code}%"), ("company_ids", "in", env.company.ids)], limit=1
    )


def open_ledgers(env):
    """Open the sub-ledgers for contract liabilities and contract assets."""
    journal = env["account.journal"].search(
        [("type", "=", "general"), ("company_id", "=", env.company.id)], limit=1
    )
    ledgers = {}
    for kind, code, number, name in (
        ("contract_liability", "CLI", "2204", "Contract liabilities 合同负债"),
        ("contract_asset", "CAS", "1481", "Contract assets 合同资产"),
    ):
        ledgers[kind] = env["crm.subledger"].create(
            {
                "name": name,
                "code": code,
                "kind": kind,
                "journal_id": journal.id,
                "account_id": account(env, number).id,
                "counterpart_account_id": account(env, "6001").id,
            }
        )
    env.company.write(
        {
            "contract_liability_ledger_id": ledgers["contract_liability"].id,
            "contract_asset_ledger_id": ledgers["contract_asset"].id,
        }
    )


def create_product(env):
    """Create the service whose sale makes a project."""
    return env["product.product"].create(
        {
            "name": "Turnkey project",
            "default_code": "SV-TURNKEY",
            "type": "service",
            "invoice_policy": "order",
            "service_tracking": "project_only",
            "taxes_id": [Command.clear()],
            "property_account_income_id": account(env, "6001").id,
        }
    )


def play(env, ctx, plan, product, partner):
    """Sell one project and live its months."""
    start = date_utils.start_of(fields.Date.add(ctx.today, months=plan.months[0][0]), "month")
    order = env["sale.order"].create(
        {
            "partner_id": partner.id,
            "user_id": ctx.users[SELLER].id,
            "client_order_ref": plan.name,
            "order_line": [
                Command.create(
                    {
                        "product_id": product.id,
                        "price_unit": plan.price,
                        "tax_ids": [Command.clear()],
                    }
                )
            ],
        }
    )
    order.action_confirm()
    order.date_order = moment(start, 9)
    project = order.order_line.project_id
    project.write({"name": plan.name, "user_id": ctx.users["admin"].id})
    project.handover_item_ids[:2].done = True
    category = env.ref("crm_sales_project.crm_project_cost_category_other")
    env["crm.project.budget.line"].create(
        {"project_id": project.id, "category_id": category.id, "amount": plan.budget}
    )
    for month, cost, billed in plan.months:
        day = fields.Date.add(
            date_utils.start_of(fields.Date.add(ctx.today, months=month), "month"), days=18
        )
        spend(env, project, cost, day)
        if billed:
            bill(env, order, billed, day)
    if plan.estimate:
        last = date_utils.start_of(fields.Date.add(ctx.today, months=-2), "month")
        env["crm.project.estimate"].create(
            {
                "project_id": project.id,
                "amount": plan.estimate,
                "date": fields.Date.add(last, days=24),
                "note": "Foundations cost more",
            }
        )
    revenue = env["crm.project.revenue"].create(
        {"project_id": project.id, "order_id": order.id, "date_from": start}
    )
    revenue.date_until = fields.Date.subtract(date_utils.start_of(ctx.today, "month"), days=1)
    commissions.bring_up_to_date(env)


def spend(env, project, amount, day):
    """Post a vendor bill over costs of the project."""
    move = env["account.move"].create(
        {
            "move_type": "in_invoice",
            "partner_id": env["res.partner"].search([("supplier_rank", ">", 0)], limit=1).id,
            "invoice_date": day,
            "date": day,
            "ref": f"{project.name} {day}",
            "invoice_line_ids": [
                Command.create(
                    {
                        "name": project.name,
                        "price_unit": amount,
                        "account_id": account(env, "6401").id,
                        "tax_ids": [Command.clear()],
                        "analytic_distribution": {str(project.account_id.id): 100},
                    }
                )
            ],
        }
    )
    move.action_post()


def bill(env, order, amount, day):
    """Post an invoice over a part of the contract."""
    line = order.order_line[:1]
    move = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": order.partner_id.id,
            "invoice_user_id": order.user_id.id,
            "invoice_date": day,
            "date": day,
            "invoice_line_ids": [
                Command.create(
                    {
                        "product_id": line.product_id.id,
                        "price_unit": amount,
                        "account_id": account(env, "6001").id,
                        "tax_ids": [Command.clear()],
                        "sale_line_ids": [Command.link(line.id)],
                    }
                )
            ],
        }
    )
    move.action_post()
