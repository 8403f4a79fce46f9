"""What partners sell with: content, news, and quotations to their own customers."""

import base64
import io
from datetime import timedelta

from odoo import Command

from . import partner_leads
from .context import without_mails

#: name, kind, levels that see it (0: all), role, language, days valid, acknowledged, file or link
CONTENTS = (
    ("合作伙伴价格表 Partner Price List", "price_list", 0, "sales", False, 120, True, "price-list"),
    ("渠道管理办法 Channel Policy", "document", 0, False, "zh_CN", 0, True, "channel-policy-zh"),
    ("Channel Policy", "document", 0, False, "en_US", 0, True, "channel-policy"),
    (
        "离心泵选型手册 Pump Selection Guide",
        "technical",
        0,
        "technical",
        False,
        0,
        False,
        "selection",
    ),
    ("安装与调试说明 Installation Guide", "technical", 0, "technical", False, 0, False, "install"),
    ("节能改造案例 Energy Saving Cases", "marketing", 0, "marketing", False, 365, False, "cases"),
    ("展会海报素材 Posters for Fairs", "marketing", 2, "marketing", False, 90, False, "posters"),
    ("金牌伙伴特价清单 Gold Specials", "price_list", 1, "sales", False, 45, False, "gold"),
    (
        "产品培训视频 Product Training",
        "video",
        0,
        False,
        False,
        0,
        False,
        "https://example.com/pump",
    ),
)
#: headline, text, days ago, days shown, levels, on top
NEWS = (
    (
        "四季度市场基金开放申请 MDF for the Fourth Quarter Is Open",
        "请在本月底前通过门户提交活动计划。 Send your plans by the end of the month.",
        3,
        40,
        0,
        True,
    ),
    (
        "新价格表生效 New Price List",
        "请阅读并确认新的价格表。 Please read and confirm it.",
        6,
        60,
        0,
        False,
    ),
    (
        "金牌伙伴年会 Annual Meeting of Gold Partners",
        "年会将在杭州举行，邀请函已发送。 It takes place in Hangzhou; invitations are out.",
        10,
        30,
        1,
        False,
    ),
    ("夏季备货计划 Summer Stocking", "已结束。 It has ended.", 120, 30, 0, False),
)


def run(env, rng, ctx):
    """Publish content and news; the people of partners read and quote."""
    partners = [partner for partner in getattr(ctx, "channel_partners", ()) if partner.grade_id]
    with without_mails(env):
        contents = env["crm.partner.content"].union(
            *(create_content(env, ctx, number, row) for number, row in enumerate(CONTENTS, 1))
        )
        create_news(env, ctx)
        for partner in partners:
            read(env, rng, partner, contents)
        for partner in partners[:4]:
            quote(env, rng, ctx, partner)
    return contents


def best_levels(env, count):
    """Return the best levels, none for everybody."""
    grades = env["res.partner.grade"]
    return grades.search([], order="sequence, id", limit=count) if count else grades


def create_content(env, ctx, number, row):
    """Create and publish one content; the first has a replaced version."""
    name, kind, levels, role, lang, days, acknowledge, source = row
    content = env["crm.partner.content"].create(
        {
            "name": name,
            "kind": kind,
            "sequence": number * 10,
            "company_id": ctx.company.id,
            "grade_ids": [Command.set(best_levels(env, levels).ids)],
            "role": role,
            "lang": lang if lang and env["res.lang"]._get_data(code=lang) else False,
            "ack_required": acknowledge,
            "date_from": ctx.today - timedelta(days=60),
            "date_to": days and ctx.today + timedelta(days=days),
            "category_ids": [Command.set(env["product.category"].search([], limit=1).ids)],
            "version_ids": [Command.create(version(name, source, ctx.today - timedelta(days=60)))],
        }
    )
    content.action_publish()
    return content


def version(name, source, date):
    """Return the values of a version: a link, or a small PDF that says what it stands for."""
    if source.startswith("http"):
        return {"url": source, "date": date}
    return {
        "file": base64.b64encode(pdf(source)),
        "filename": f"{source}.pdf",
        "date": date,
    }


def pdf(text):
    """Return a PDF of one page with a Latin text."""
    from reportlab.pdfgen import canvas  # imported late: only demonstrations draw

    buffer = io.BytesIO()
    page = canvas.Canvas(buffer)
    page.drawString(72, 770, text)
    page.save()
    return buffer.getvalue()


def create_news(env, ctx):
    """Create news, one of them over."""
    for name, text, ago, days, levels, pinned in NEWS:
        first = ctx.today - timedelta(days=ago)
        env["crm.partner.news"].create(
            {
                "name": name,
                "body": f"<p>{text}</p>",
                "company_id": ctx.company.id,
                "date_from": first,
                "date_to": first + timedelta(days=days),
                "grade_ids": [Command.set(best_levels(env, levels).ids)],
                "is_pinned": pinned,
            }
        ).action_publish()


def read(env, rng, partner, contents):
    """Let a person of the partner open some of what it sees, and acknowledge half of it."""
    user = partner_leads.salesperson(env, partner)
    if not user:
        return
    for content in env["crm.partner.content"].with_user(user).search([("id", "in", contents.ids)]):
        if rng.random() < 0.7:
            content._log("download")
            if content.ack_required and rng.random() < 0.6:
                content._acknowledge()
    first = contents[:1]
    if partner.id % 2 and first.version_id.number == 1 and first.log_ids:
        first.version_ids = [
            Command.create(version(first.name, "price-list-2", first.date_from) | {"note": "+2 %"})
        ]


def quote(env, rng, ctx, partner):
    """Let a salesperson of the partner quote to its own customer."""
    user = partner_leads.salesperson(env, partner)
    goods = env["product.product"].union(*ctx.products.values())
    products = goods.filtered(lambda product: product.sale_ok and product.lst_price > 0)
    if not user or not products:
        return
    record = (
        env["crm.partner.quote"]
        .with_user(user)
        ._start(
            {
                "customer_name": rng.choice(("江岚酒店", "润泽乳业", "德川纺织", "澄湖水厂")),
                "basis": rng.choice(("list", "own")),
                "markup": rng.choice((0, 12, 18)),
                "tax_percent": 13,
                "note": "含运费与现场调试。报价三十天内有效。",
            }
        )
    )
    for product in rng.sample(list(products), min(3, len(products))):
        record._add(product, rng.randint(1, 4))
    if rng.random() < 0.7:
        record._issue()
