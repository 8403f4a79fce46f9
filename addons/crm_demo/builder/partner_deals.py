"""Deals that partners registered over the last months, in every state, some of them won.

The partner companies come from ``ctx.channel_partners``; without them nothing is done.
"""

from datetime import timedelta
from typing import NamedTuple

from odoo import Command
from odoo.fields import Domain

from odoo.addons.crm_customer.engine.china_ids import uscc_check_digit
from odoo.addons.crm_partner.tools import unlocked

from .calendar import moment
from .context import without_mails

REASONS = {
    "lost": "客户选择了竞品，价格低 12%",
    "released": "项目推迟到明年",
    "refused": "未能核实该项目，请补充招标信息后重新报备",
    "revoked": "长期没有进展",
}
NOTES = (
    ("contact", 20, "已与设备部经理见面，需求明确"),
    ("demo", 40, "在现场演示了样机，客户反馈良好"),
    ("offer", 60, "报价已提交，等待技术评审"),
    ("negotiation", 80, "进入商务谈判，预计下月签约"),
)


class Deal(NamedTuple):
    """A registration: number of the partner, customer, and how it ends after ``days`` days."""

    partner: int
    name: str
    city: str
    phone: str
    domain: str
    amount: int
    days: int
    end: str


#: partner | customer | city | phone | domain | amount | days ago | what became of it
TABLE = """
0 | 上海沪泓净水科技有限公司 | 上海 | 021-58661201 | huhong-water.com.cn | 420000 | 20 | progress
0 | 杭州钱塘纸业有限公司 | 杭州 | 0571-86001202 | qiantang-paper.com.cn | 268000 | 75 | extended
0 | 绍兴越纺印染有限公司 | 绍兴 | 0575-85001203 | yuefang-dye.com.cn | 315000 | 70 | extension
0 | 嘉兴禾城食品有限公司 | 嘉兴 | 0573-82001204 | hecheng-food.com.cn | 150000 | 40 | won
0 | 湖州太湖新材有限公司 | 湖州 | 0572-20001205 | taihu-material.com.cn | 96000 | 160 | expired
0 | 金华婺江化工有限公司 | 金华 | 0579-82001206 | wujiang-chem.com.cn | 880000 | 1 | review
1 | 苏州金鸡湖半导体有限公司 | 苏州 | 0512-62001207 | jjh-semi.com.cn | 520000 | 12 | progress
1 | 无锡锡山热电有限公司 | 无锡 | 0510-83001208 | xishan-power.com.cn | 240000 | 55 | won
1 | 常州龙城制药有限公司 | 常州 | 0519-85001209 | longcheng-pharma.com.cn | 198000 | 66 | lost
1 | 沪泓净水（上海） | 上海 | +86 21 5866 1201 | www.huhong-water.com.cn | 430000 | 19 | conflict
1 | 南通江海钢绳有限公司 | 南通 | 0513-85001211 | jianghai-rope.com.cn | 175000 | 30 | direct
1 | 扬州瘦西湖酒店集团 | 扬州 | 0514-87001212 | sxh-hotel.com.cn | 88000 | 90 | released
2 | 武汉光谷生物有限公司 | 武汉 | 027-87001213 | guanggu-bio.com.cn | 92000 | 15 | progress
2 | 宜昌三峡水泥有限公司 | 宜昌 | 0717-64001214 | sanxia-cement.com.cn | 260000 | 1 | review
2 | 襄阳汉江汽配有限公司 | 襄阳 | 0710-34001215 | hanjiang-auto.com.cn | 84000 | 35 | won
2 | 黄石磁湖矿业有限公司 | 黄石 | 0714-62001216 | cihu-mine.com.cn | 65000 | 50 | revoked
2 | 金鸡湖半导体 | 苏州 | 051262001207 | jjh-semi.com.cn | 480000 | 10 | conflict
3 | 成都锦江乳业有限公司 | 成都 | 028-85001218 | jinjiang-dairy.com.cn | 78000 | 25 | won
3 | 绵阳涪江电子有限公司 | 绵阳 | 0816-24001219 | fujiang-elec.com.cn | 54000 | 100 | expired
3 | 德阳重装机械有限公司 | 德阳 | 0838-25001220 | deyang-heavy.com.cn | 145000 | 6 | refused
4 | 沈阳浑河供热有限公司 | 沈阳 | 024-23001221 | hunhe-heat.com.cn | 69000 | 8 | approved
4 | 鞍山千山矿山设备有限公司 | 鞍山 | 0412-55001222 | qianshan-mining.com.cn | 47000 | 45 | lost
5 | 宁波北仑港机有限公司 | 宁波 | 0574-86001223 | beilun-port.com.cn | 38000 | 2 | review
6 | 温州瓯江阀业有限公司 | 温州 | 0577-88001224 | oujiang-valve.com.cn | 26000 | 3 | cancelled
7 | 长沙橘洲环保有限公司 | 长沙 | 0731-84001225 | juzhou-env.com.cn | 42000 | 1 | review
"""


def deals_of_the_table():
    """Yield the rows of the table."""
    for line in TABLE.strip().splitlines():
        partner, name, city, phone, domain, amount, days, end = line.split(" | ")
        yield Deal(int(partner), name, city, phone, domain, int(amount), int(days), end)


def run(env, rng, ctx):
    """Set up the referral fee, register the deals and live what became of them."""
    partners = getattr(ctx, "channel_partners", [])
    if not partners:
        return
    set_up(env, ctx)
    with without_mails(env):
        for number, row in enumerate(deals_of_the_table()):
            partner = partners[row.partner % len(partners)]
            deal = register(env, ctx, partner, row, number)
            if deal.state in ("approved", "review"):
                live(env, rng, ctx, deal, row)
        register_direct_customer(env, ctx, partners[-1])


def set_up(env, ctx):
    """Account and tax of the referral fee; a person per partner who decides."""
    company = ctx.company or env.company
    account = env["account.account"].search(
        [("code", "=like", "6601%"), ("company_ids", "in", company.ids)], limit=1
    )
    tax = env["account.tax"].search(
        [
            ("company_id", "=", company.id),
            ("type_tax_use", "=", "purchase"),
            ("amount", "=", 6),
        ],
        limit=1,
    )
    company.write({"deal_referral_account_id": account.id, "deal_referral_tax_id": tax.id})


def register(env, ctx, partner, row, number):
    """Register a deal as a person of the partner does, on its day in the past."""
    user = partner.child_ids.user_ids[:1] or env.user
    body = f"9133{number % 7 + 1:02d}00MA2D{number:05d}"[:17]
    body = body.replace("O", "0").replace("I", "1")
    code = body + uscc_check_digit(body)
    goods = sellable(ctx)
    product = goods[number % len(goods)]
    deals = env["crm.deal.registration"].with_user(user).with_company(ctx.company or env.company)
    values = {
        "customer_name": row.name,
        "customer_city": row.city,
        "customer_phone": row.phone,
        "customer_domain": row.domain,
        "customer_country_id": env.ref("base.cn").id,
        # who comes second often knows less
        "customer_code": code if row.end != "conflict" else False,
        "amount": row.amount,
        "expected_close": ctx.today + timedelta(days=60 - row.days % 45),
        "competitor": ("格兰富", "南方泵业", "凯泉", "")[number % 4],
    }
    lines = [(product, max(1, round(row.amount / (product.lst_price or 1000))))]
    deal = deals._register_deal(partner, values, lines)
    return unlocked(env["crm.deal.registration"].browse(deal.id))


def sellable(ctx):
    """Return the goods that partners sell, the dearest first."""
    goods = [product for product in ctx.products.values() if product.type == "consu"]
    return sorted(goods, key=lambda product: (-product.lst_price, product.id))[:6]


def live(env, rng, ctx, deal, row):
    """Let happen to a registration what ends it, or what keeps it going."""
    if row.end in ("progress", "extension", "extended", "won", "lost"):
        if deal.state == "review":
            deal._approve("manager")
        for stage, chance, note in NOTES[: rng.randint(1, len(NOTES))]:
            deal._report_progress({"stage": stage, "probability": chance, "note": note})
    if row.end in ("extension", "extended"):
        deal._request_extension("招标时间顺延，评审推迟到下月")
    ending = ENDINGS.get(row.end)
    if ending:
        ending(env, ctx, deal)
    shift(ctx, deal, row.days)
    if row.end == "expired" and deal.state == "approved":
        deal.protected_until = ctx.today - timedelta(days=row.days % 30 + 3)
        deal._expire()


def shift(ctx, deal, days):
    """Put a registration back to the day on which it was sent."""
    back = timedelta(days=days)
    vals = {"submitted_at": moment(ctx.today - back, 10)}
    for name in ("decided_at", "approved_on", "protected_until", "last_progress_on"):
        if deal[name] and not (name == "last_progress_on" and days > 20):
            vals[name] = deal[name] - (back if name != "last_progress_on" else timedelta(days=5))
    if deal.decision == "auto":
        vals["decided_at"] = vals["submitted_at"]
    if deal.state == "won":
        vals.pop("protected_until", None)
    deal.write(vals)


def win(env, ctx, deal):
    """The partner orders what it registered."""
    confirm(env, ctx, deal, deal.partner_id, {"deal_registration_id": deal.id})


def buy_direct(env, ctx, deal):
    """The customer orders from us instead: the partner gets its referral fee."""
    customer = env["res.partner"].create(
        {
            "name": deal.customer_name,
            "is_company": True,
            "vat": deal.customer_code,
            "city": deal.customer_city,
            "phone": deal.customer_phone,
            "country_id": env.ref("base.cn").id,
        }
    )
    confirm(env, ctx, deal, customer, {})


def confirm(env, ctx, deal, partner, values):
    line = deal.line_ids[:1]
    order = env["sale.order"].create(
        {
            "partner_id": partner.id,
            "company_id": deal.company_id.id,
            "order_line": [
                Command.create({"product_id": line.product_id.id, "product_uom_qty": line.quantity})
            ],
            **values,
        }
    )
    env.flush_all()
    order.action_confirm()


def register_direct_customer(env, ctx, partner):
    """A partner registers a company that direct sales works on: a conflict, without a name."""
    lead = env["crm.lead"].search(
        env["crm.deal.matcher"]._direct_leads_domain((ctx.company or env.company).id)
        & Domain("partner_id.is_company", "=", True)
        & Domain("partner_id.phone", "!=", False),
        limit=1,
    )
    customer = lead.partner_id
    if not customer:
        return
    env["crm.deal.registration"].with_company(ctx.company or env.company)._register_deal(
        partner,
        {
            "customer_name": customer.name,
            "customer_phone": customer.phone,
            "customer_country_id": customer.country_id.id,
            "amount": 120000,
        },
    )


ENDINGS = {
    "extended": lambda env, ctx, deal: deal._extend(),
    "won": win,
    "direct": buy_direct,
    "lost": lambda env, ctx, deal: deal._lose(REASONS["lost"]),
    "released": lambda env, ctx, deal: deal._release(),
    "revoked": lambda env, ctx, deal: deal._revoke(REASONS["revoked"]),
    "refused": lambda env, ctx, deal: deal._refuse(REASONS["refused"]),
    "cancelled": lambda env, ctx, deal: deal._cancel() if deal.state == "review" else None,
}
