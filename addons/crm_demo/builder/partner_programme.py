"""The partner programme: levels, partner companies with people in the portal, a year of purchases.

Runs right after the months of business, before the steps that set limits on discounts. Other steps
of the partner addon find the companies on ``ctx.channel_partners``, those of the best level first.
"""

import base64
import io
import math
from datetime import timedelta
from typing import NamedTuple

from PIL import Image, ImageDraw

from odoo import Command

from odoo.addons.crm_customer.engine.china_ids import uscc_check_digit
from odoo.addons.crm_partner.tools import unlocked

from . import accounting, orders, supply
from .calendar import bank_day, moment
from .context import without_mails
from .people import translated

DISCOUNTS = {"gold": 20, "silver": 12, "authorised": 5}
LEVELS = {
    # key: (record, English, Chinese, values)
    "gold": (
        "partnership.res_partner_grade_data_gold",
        "Gold",
        "金牌",
        {
            "sequence": 1,
            "registration_auto_limit": 600000,
            "registration_discount": 8,
            "referral_rate": 5,
            "mdf_rate": 2,
            "protection_days": 90,
            "extension_days": 30,
            "lead_weight": 3,
            "support_level": "dedicated",
            "grace_days": 90,
        },
    ),
    "silver": (
        "partnership.res_partner_grade_data_silver",
        "Silver",
        "银牌",
        {
            "sequence": 2,
            "registration_auto_limit": 100000,
            "registration_discount": 5,
            "referral_rate": 3,
            "mdf_rate": 1,
            "protection_days": 60,
            "extension_days": 15,
            "lead_weight": 2,
            "support_level": "priority",
            "grace_days": 60,
        },
    ),
    "authorised": (
        "partnership.res_partner_grade_data_bronze",
        "Authorised",
        "授权",
        {"sequence": 3, "lead_weight": 1, "protection_days": 30, "extension_days": 0},
    ),
}
REQUIREMENTS = {
    "gold": (("purchases", 250000), ("certificates", 2)),
    "silver": (("purchases", 100000), ("certificates", 1)),
    "authorised": (),
}


class Partner(NamedTuple):
    """A partner company; ``monthly`` is about what it buys in a month at list price."""

    login: str
    name: str
    city: str
    state: str
    level: str
    monthly: int
    person: str
    certificates: int
    above: str = ""


PARTNERS = (
    Partner("muze", "杭州沐泽流体设备有限公司", "杭州", "ZJ", "gold", 48000, "沈沐阳", 3),
    Partner("hanlan", "苏州瀚澜泵业销售有限公司", "苏州", "JS", "gold", 36000, "陆瀚之", 1),
    Partner("lichuan", "武汉砺川机电有限公司", "武汉", "HB", "silver", 42000, "段砺行", 2),
    Partner("yunqu", "成都云渠自动化有限公司", "成都", "SC", "silver", 16000, "岳云舒", 1),
    Partner("beicen", "沈阳北岑工业设备有限公司", "沈阳", "LN", "silver", 8000, "佟北辰", 1),
    Partner(
        "yongze", "宁波甬泽流体有限公司", "宁波", "ZJ", "authorised", 7000, "柴甬宁", 0, "muze"
    ),
    Partner("oulan", "温州瓯岚机电有限公司", "温州", "ZJ", "authorised", 5000, "戚岚", 1, "muze"),
    Partner("qingzhu", "长沙青渚设备有限公司", "长沙", "HN", "authorised", 6000, "谭青渚", 0),
)
PORTAL = {
    # login: (partner, name, role of the portal)
    **{row.login: (row.login, row.person, "admin") for row in PARTNERS},
    "muze-sales": ("muze", "顾念", "sales"),
    "muze-marketing": ("muze", "乔芷", "marketing"),
    "muze-finance": ("muze", "梁账", "finance"),
    "muze-technical": ("muze", "费工", "technical"),
}
CERTIFICATIONS = (
    ("Pump Commissioning Engineer", "水泵调试工程师", 24),
    ("Pump Selection Specialist", "水泵选型顾问", 12),
)
ONBOARDING = (
    (
        "Sign the partner agreement",
        "签署合作协议",
        "partner",
        14,
        "agreement",
        "/my/partner/agreement",
    ),
    ("Invite colleagues to the portal", "邀请同事使用门户", "partner", 21, "team", ""),
    (
        "Hand in the first certificate",
        "提交首份认证证书",
        "partner",
        60,
        "certificate",
        "/my/partner/certificates",
    ),
    ("Introduce the price list and ordering", "讲解价格表与下单流程", "company", 10, False, ""),
    ("Plan the first quarter together", "共同制定首季度计划", "company", 30, False, ""),
)
AGREEMENT = """
<h3>一、合作内容</h3>
<p>{{company}}（以下简称“甲方”）授权 {{partner}}（统一社会信用代码：{{uscc}}，以下简称“乙方”）
以<strong>{{level}}</strong>级别销售甲方产品。</p>
<h3>二、期限</h3><p>本协议自 {{date}} 起至 {{valid_until}} 止。</p>
<h3>三、价格与报备</h3><p>乙方按其级别价格表采购；项目须在合作伙伴门户报备，不得跨区域销售。</p>
<h3>四、返利与市场基金</h3><p>返利与市场发展基金按甲方当期政策执行，对账单以门户确认为准。</p>
<h3>五、其他</h3><p>协议编号 {{number}}，经乙方管理员在门户电子签署后生效。</p>
"""
SENT = 4
"""Agreements that were sent, the last of them not signed yet; the others are drafts."""

GOODS = {"pump": ("CP-065", "CP-050", "SP-065"), "part": ("IM-100", "VF-011", "PS-016", "CO-090")}


def run(env, rng, ctx):
    """Set the programme up and live its year."""
    levels = create_levels(env, ctx)
    certifications = create_certifications(env, ctx)
    set_requirements(env, levels)
    create_onboarding(env, ctx)
    with without_mails(env):
        partners = create_partners(env, ctx, levels)
        ctx.channel_partners = [partners[row.login] for row in PARTNERS]
        create_people(env, ctx, partners)
        create_certificates(env, ctx, partners, certifications)
        buy_through_the_year(env, rng, ctx, partners)
        create_agreements(env, ctx, partners)
        review(env, ctx)
    ctx.channel_partners.sort(key=lambda partner: partner.grade_id.sequence)
    backdate_history(env, ctx)


# -- the frame --


def create_levels(env, ctx):
    """Return the three levels by key, each with its price list."""
    levels = {}
    for key, (xml_id, name, name_zh, values) in LEVELS.items():
        level = env.ref(xml_id, raise_if_not_found=False) or env["res.partner.grade"].create(
            {"name": name}
        )
        level.with_context(lang="en_US").name = name
        level.update_field_translations("name", {"zh_CN": name_zh})
        pricelist = create_pricelist(env, ctx, f"{name_zh} {name}", DISCOUNTS[key])
        level.write({**values, "company_id": ctx.company.id, "default_pricelist_id": pricelist.id})
        levels[key] = level
    return levels


def create_pricelist(env, ctx, name, percent):
    """Return a price list that takes ``percent`` off every product."""
    return env["product.pricelist"].create(
        {
            "name": name,
            "company_id": ctx.company.id,
            "currency_id": ctx.company.currency_id.id,
            "item_ids": [
                Command.create(
                    {
                        "applied_on": "3_global",
                        "compute_price": "percentage",
                        "percent_price": percent,
                    }
                )
            ],
        }
    )


def set_requirements(env, levels):
    """Give the levels what has to be reached within twelve months."""
    for key, rows in REQUIREMENTS.items():
        levels[key].requirement_ids = [
            Command.clear(),
            *(
                Command.create({"kind": kind, "threshold": threshold, "months": 12})
                for kind, threshold in rows
            ),
        ]


def create_certifications(env, ctx):
    """Return the kinds of certificates, in both languages."""
    records = env["crm.partner.certification"]
    for name, name_zh, months in CERTIFICATIONS:
        record = translated(env["crm.partner.certification"], name, name_zh)
        record.write({"validity_months": months, "company_id": ctx.company.id})
        records |= record
    return records


def create_onboarding(env, ctx):
    """Create the checklist of new partners."""
    for number, (name, name_zh, side, days, reached, url) in enumerate(ONBOARDING, 1):
        translated(env["crm.partner.onboarding"], name, name_zh).write(
            {
                "sequence": number,
                "side": side,
                "days": days,
                "reached_by": reached,
                "url": url,
                "company_id": ctx.company.id,
            }
        )


# -- partners and people --


def create_partners(env, ctx, levels):
    """Return the partner companies by login; the level is written alone, with it its prices."""
    manager = ctx.users.get("gao") or ctx.users["zhou"]
    term = env.ref("account.account_payment_term_30days")
    partners = {}
    for number, row in enumerate(PARTNERS, 1):
        partner = env["res.partner"].create(
            {
                "name": row.name,
                "is_company": True,
                "customer_rank": 1,
                "supplier_rank": 1,
                "vat": uscc(number),
                "city": row.city,
                "state_id": env.ref(f"base.state_cn_{row.state}").id,
                "country_id": ctx.company.country_id.id,
                "phone": f"0{570 + number}-0000 {6100 + number}",
                "email": f"info@{row.login}.example.com",
                "website": f"https://{row.login}.example.com",
                "lang": "zh_CN",
                "tz": "Asia/Shanghai",
                "user_id": manager.id,
                "property_payment_term_id": term.id,
                "create_date": ctx.start,
            }
        )
        partner.grade_id = levels[row.level]
        partners[row.login] = partner
    for row in PARTNERS:
        if row.above:
            partners[row.login].channel_parent_id = partners[row.above]
    partners["muze"].channel_see_figures = True
    return partners


def uscc(number):
    """Return a well-formed unified social credit code of an invented company."""
    body = f"9133010{number}MA2K{number:05d}"
    return body + uscc_check_digit(body)


def create_people(env, ctx, partners):
    """Create the people of the partners and their logins in the portal."""
    for login, (key, name, role) in PORTAL.items():
        contact = env["res.partner"].create(
            {
                "name": name,
                "parent_id": partners[key].id,
                "email": f"{login}@{key}.example.com",
                "lang": "zh_CN",
                "create_date": ctx.start,
            }
        )
        env["res.users"].create(
            {
                "partner_id": contact.id,
                "login": login,
                "password": f"demo-{login}-crm",
                "lang": "zh_CN",
                "tz": "Asia/Shanghai",
                "company_id": ctx.company.id,
                "company_ids": [Command.set(ctx.company.ids)],
                "group_ids": [
                    Command.set(
                        [
                            env.ref("base.group_portal").id,
                            env.ref(f"crm_partner.group_portal_{role}").id,
                        ]
                    )
                ],
            }
        )


def create_certificates(env, ctx, partners, certifications):
    """Hand in certificates: confirmed ones, one to confirm, one that expires soon."""
    for row in PARTNERS:
        for number in range(row.certificates):
            kind = certifications[number % len(certifications)]
            days, name = 60 + 40 * number, f"{row.login.upper()}-{number + 1:03d}"
            certificate = certify(env, partners[row.login], kind, name, ctx.today, days)
            certificate.action_confirm()
    fresh = certify(env, partners["qingzhu"], certifications[1], "QINGZHU-001", ctx.today, 5)
    fresh.action_confirm()
    soon = env["crm.partner.certificate"].search([("partner_id", "=", partners["muze"].id)])[-1:]
    soon.date_to = ctx.today + timedelta(days=21)
    certify(env, partners["yunqu"], certifications[0], "YUNQU-002", ctx.today, 5)


def certify(env, partner, kind, number, today, days):
    """Hand in a certificate that was issued so many days ago."""
    return env["crm.partner.certificate"].create(
        {
            "certification_id": kind.id,
            "partner_id": partner.id,
            "person_id": partner.child_ids[:1].id,
            "number": number,
            "date_from": today - timedelta(days=days),
        }
    )


# -- a year of purchases --


def buy_through_the_year(env, rng, ctx, partners):
    """Order, deliver, invoice and collect in each month: about a hundred orders."""
    team = translated(env["crm.team"], "Channel Sales", "渠道销售部")
    team.write({"company_id": ctx.company.id, "user_id": ctx.users["zhou"].id})
    for start, end in ctx.months:
        day = start + timedelta(days=rng.randint(3, 9))
        if day + timedelta(days=8) > end:
            continue
        rows = [row for row in PARTNERS if row.monthly > 10000 or rng.random() < 0.85]
        documents = create_orders(env, rng, ctx, partners, team, rows, day)
        receive_goods(env, ctx, documents, day)
        moves = deliver_and_invoice(env, ctx, documents, day)
        collect(env, rng, ctx, moves)


def create_orders(env, rng, ctx, partners, team, rows, day):
    """Return the confirmed orders of these partners on one day."""
    found = env["sale.order"].create(
        [
            {
                "partner_id": partners[row.login].id,
                "user_id": partners[row.login].user_id.id,
                "team_id": team.id,
                "company_id": ctx.company.id,
                "date_order": moment(day, 10),
                "create_date": moment(day, 9),
                "client_order_ref": f"{row.login.upper()}-{day:%y%m}",
                "order_line": [
                    Command.create({"product_id": product.id, "product_uom_qty": quantity})
                    for product, quantity in basket(rng, ctx, row.monthly)
                ],
            }
            for row in rows
        ]
    )
    found.action_confirm()
    for order in found:
        # Odoo dates the order by the moment of its confirmation.
        order.date_order = moment(day, 10)
        order.picking_ids.scheduled_date = moment(day + timedelta(days=2), 12)
    return found


def basket(rng, ctx, budget):
    """Return (product, quantity) of goods worth about ``budget`` at list price."""
    rows = []
    code = rng.choice(GOODS["pump"])
    price = ctx.product_row(code).price
    pumps = max(1 if budget >= 5000 else 0, int(budget * rng.uniform(0.55, 0.8) / price))
    if pumps:
        rows.append((ctx.products[code], pumps))
    rest = max(budget - pumps * price, budget // 5)
    for code in rng.sample(GOODS["part"], 2):
        quantity = max(1, int(rest / 2 / ctx.product_row(code).price))
        rows.append((ctx.products[code], quantity))
    return rows


def receive_goods(env, ctx, documents, day):
    """Buy what the orders of the month need, so that they can be delivered."""
    for vendor, (_name, _email, kinds) in zip(ctx.vendors, supply.VENDORS, strict=True):
        goods = {}
        for line in documents.order_line:
            code = line.product_id.default_code
            if ctx.product_row(code).kind in kinds:
                goods[code] = goods.get(code, 0) + line.product_uom_qty
        if goods:
            picking = supply.create_receipt(env, ctx, vendor, goods)
            picking.action_confirm()
            picking.move_ids.picked = True
            orders.validate(picking)
            orders.backdate(picking, day)
            bill = supply.bill(env, ctx, vendor, goods, day)
            # one bill a month and vendor exists under its usual reference already
            bill.ref = f"{vendor.id}-{day:%Y%m}-channel"
            due = bank_day(bill.invoice_date_due)
            if due <= ctx.today:
                accounting.pay(env, ctx, bill, due)


def deliver_and_invoice(env, ctx, documents, day):
    """Deliver two days later, invoice the day after."""
    pickings = documents.picking_ids
    pickings.action_assign()
    orders.validate(pickings)
    orders.backdate(pickings, day + timedelta(days=2))
    moves = documents._create_invoices(grouped=True)
    moves.invoice_date = day + timedelta(days=3)
    last = ctx.today - timedelta(days=accounting.DRAFT_DAYS)
    moves.filtered(lambda move: move.invoice_date <= last).action_post()
    return moves.filtered(lambda move: move.state == "posted")


def collect(env, rng, ctx, moves):
    """Most pay in full about a month later, some half of it, some not yet."""
    if not moves:
        return
    day = bank_day(max(moves.mapped("invoice_date")) + timedelta(days=rng.randint(25, 40)))
    if day > ctx.today:
        return
    full = env["account.move"]
    for move in moves:
        chance = rng.random()
        if chance < 0.8:
            full |= move
        elif chance < 0.92:
            half = move.currency_id.round(move.amount_total / 2)
            accounting.pay_part(env, ctx, move, day, half)
    accounting.pay(env, ctx, full, day)


# -- agreements and reviews --


def create_agreements(env, ctx, partners):
    """One text; signed by most, one to sign, one draft."""
    text = env["crm.partner.agreement.template"].create(
        {
            "name": "渠道合作协议",
            "company_id": ctx.company.id,
            "lang": "zh_CN",
            "body": AGREEMENT,
        }
    )
    for number, partner in enumerate(ctx.channel_partners):
        document = env["crm.partner.agreement"].create(
            {
                "partner_id": partner.id,
                "template_id": text.id,
                "company_id": ctx.company.id,
                "user_id": partner.user_id.id,
                "date_from": ctx.today - timedelta(days=20 + 30 * number % 200),
            }
        )
        if number < SENT:
            document.action_send()
        if number < SENT - 1:
            sign(env, document)


def sign(env, document):
    """Sign as the administrator of the partner, as the portal does."""
    user = env["res.users"].search(
        [
            ("partner_id.commercial_partner_id", "=", document.partner_id.id),
            ("all_group_ids", "in", env.ref("crm_partner.group_portal_admin").ids),
        ],
        limit=1,
    )
    signer = document.with_user(user).sudo()
    signer._sign_as_partner(user.name, base64.b64encode(handwriting()))


def handwriting():
    """Return a drawn line as PNG."""
    image = Image.new("RGB", (240, 80), "white")
    points = [(20 + 4 * x, 40 + int(25 * math.sin(x / 3) * math.cos(x / 11))) for x in range(50)]
    ImageDraw.Draw(image).line(points, "navy", 3)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def review(env, ctx):
    """The review of last month has been applied, that of today waits for somebody."""
    reviews = env["crm.partner.review"].with_company(ctx.company)
    last = ctx.today.replace(day=1) - timedelta(days=1)
    for day, apply in ((last, True), (ctx.today, False)):
        one = reviews.create({"date": day, "company_id": ctx.company.id})
        one.action_preview()
        if apply:
            one.action_apply()


def backdate_history(env, ctx):
    """Partners joined with the first month; the review moved them when it took place."""
    rows = env["crm.partner.level.history"].search(
        [("partner_id", "in", [partner.id for partner in ctx.channel_partners])]
    )
    first = ctx.months[0][0]
    for row in rows:
        unlocked(row).date = row.review_id.date or first
    for partner in ctx.channel_partners:
        newest = rows.filtered(
            lambda row, partner=partner: (
                row.partner_id == partner and row.from_grade_id != row.grade_id
            )
        )
        moved = newest.filtered(lambda row: row.kind in ("start", "promotion", "demotion"))
        unlocked(partner).level_since = max(moved.mapped("date"), default=first)
