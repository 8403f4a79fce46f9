"""A discount matrix, quotations that were sent in several versions, one that has expired."""

from datetime import timedelta

from odoo import Command

from .context import without_mails

ROWS = (
    ("Sales managers", "销售经理", {"group": "sales_team.group_sale_manager", "max_discount": 25}),
    ("Key accounts", "重点客户", {"levels": 1, "max_discount": 15, "min_margin": 12}),
    ("Everybody else", "其他人员", {"max_discount": 10, "min_margin": 18}),
)
#: reductions of the first line, in percent, with which an offer was sent again
HISTORIES = ((0, 4), (0, 3, 6), (2, 5), (0, 8))


def run(env, rng, ctx):
    """Set up the matrix and send some of the open quotations again with better prices."""
    create_matrix(env, ctx)
    open_quotations = env["sale.order"].search(
        [("company_id", "=", ctx.company.id), ("state", "=", "sent")], order="id"
    )
    with without_mails(env):
        for order, discounts in zip(open_quotations, HISTORIES, strict=False):
            send_versions(order, discounts)
        expire(env, ctx, open_quotations[len(HISTORIES) :][:3])


def create_matrix(env, ctx):
    """Managers may give more, and key accounts get more, than everybody else."""
    level = env["crm.customer.level"].search([], limit=1)
    for sequence, (name, name_zh, limits) in enumerate(ROWS, 1):
        env["crm.discount.authority"].create(
            {
                "sequence": sequence,
                "company_id": ctx.company.id,
                "note": f"{name} {name_zh}",
                "group_id": env.ref(limits["group"]).id if "group" in limits else False,
                "level_ids": [Command.set(level.ids if limits.get("levels") else [])],
                "max_discount": limits["max_discount"],
                "limits_margin": "min_margin" in limits,
                "min_margin": limits.get("min_margin", 0),
            }
        )
    ctx.company.write({"quotation_blocks_expired": True, "quotation_reminder_days": 3})


def send_versions(order, discounts):
    """Send a quotation several times, each time with a larger discount on its first line."""
    line = order.order_line.filtered("product_id")[:1]
    seller = order.user_id
    line.discount = 0  # the first offer went out at the price of the list
    for discount in discounts:
        order.with_user(seller).write(
            {"order_line": [Command.update(line.id, {"discount": discount})]}
        )
        order.with_user(seller)._version_take("sent")


def expire(env, ctx, orders):
    """Offers that nobody decided on in time."""
    for days, order in enumerate(orders, 2):
        order.validity_date = ctx.today - timedelta(days=days)
