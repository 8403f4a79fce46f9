"""A discount rule, and quotations whose discount is waiting, was approved or was refused."""

from odoo import Command

from .context import without_mails

# customer of the plan, salesperson, discount in percent, what the director says
REQUESTS = (
    (3, "li", 18, None),
    (7, "zhao", 22, None),
    (11, "qian", 17, "approve"),
    (16, "sun", 20, "approve"),
    (19, "li", 35, "refuse"),
    (23, "qian", 25, "return"),
)
NOTES = {
    "li": "客户拿到了竞争对手的报价，希望保住这一单。",
    "zhao": "First order of a new plant; two more lines follow next year.",
    "qian": "Key account: the frame agreement is up for renewal.",
    "sun": "Together with a maintenance contract for three years.",
}
REASONS = {
    "approve": "Agreed, the margin still is above our floor.",
    "refuse": "Below cost. Offer the smaller pump instead.",
    "return": "At most 15 % on seals; please change the lines.",
}


def run(env, rng, ctx):
    """Set up the rule and play its requests; the mails that they cause are not sent."""
    if "crm.approval.rule" not in env or "approval_state" not in env["sale.order"]._fields:
        return
    create_rule(env, ctx)
    create_delegation(env, ctx)
    with without_mails(env):
        for row in REQUESTS:
            play(env, ctx, row)


def create_rule(env, ctx):
    """Discounts above 15 % need the sales director, with a reminder after a working day."""
    step = {
        "name": "Sales director",
        "approver_kind": "user",
        "user_ids": [Command.set((ctx.users["zhou"] | ctx.users["admin"]).ids)],
        "remind_hours": 8,
        "limit_hours": 24,
    }
    rule = env["crm.approval.rule"].create(
        {
            "name": "Discounts above 15 %",
            "model_id": env["ir.model"]._get_id("sale.order"),
            "operation": "confirm",
            "company_id": ctx.company.id,
            "time_unit": "working",
            "threshold_ids": [
                Command.create({"figure": "discount", "comparison": ">", "value": 15})
            ],
            "step_ids": [Command.create(step)],
            "note": "Look at the margin and at what the customer has bought so far.",
        }
    )
    rule.update_field_translations("name", {"zh_CN": "折扣超过 15 %"})
    rule.with_context(lang="zh_CN").note = "请查看毛利和客户过往采购。"
    rule.step_ids.update_field_translations("name", {"zh_CN": "销售总监"})
    return rule


def create_delegation(env, ctx):
    """The director is away for some days next month; the administrator stands in."""
    first = ctx.today.replace(day=1)
    return env["crm.approval.delegation"].create(
        {
            "user_id": ctx.users["zhou"].id,
            "delegate_id": ctx.users["admin"].id,
            "date_from": first.replace(year=first.year + 1),
            "date_to": first.replace(year=first.year + 1, day=14),
            "reason": "Trade fair",
        }
    )


def play(env, ctx, row):
    """Create a quotation with that discount, request the approval and decide."""
    customer, login, discount, decision = row
    seller = ctx.users[login]
    order = env["sale.order"].create(
        {
            "partner_id": ctx.partners[customer].id,
            "user_id": seller.id,
            "team_id": ctx.team_of(login).id,
            "order_line": [
                Command.create(
                    {"product_id": product.id, "product_uom_qty": 4, "discount": discount}
                )
                for product in sellable(ctx)
            ],
        }
    )
    requests = order.with_user(seller)._approval_request("confirm", note=NOTES[login])
    if decision:
        getattr(requests.with_user(ctx.users["zhou"]), f"action_{decision}")(REASONS[decision])
    return order


def sellable(ctx):
    """Return a pump and a seal of the product table."""
    rows = ctx.product_rows()
    codes = [next(row.code for row in rows if row.kind == kind) for kind in ("pump", "seal")]
    return [ctx.products[code] for code in codes]
