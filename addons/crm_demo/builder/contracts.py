"""Contracts: a library, maintenance over time with capitalised commissions, and instalments."""

import base64
from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageDraw

from odoo import Command, fields

from . import accounting, commissions, tables
from .calendar import bank_day, moment, working_day
from .context import without_mails
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


# name, name in Chinese, category, mandatory, text
CLAUSES = (
    (
        "Parties and subject",
        "合同双方与标的",
        "general",
        True,
        "<p>甲方：{{ partner.name }}（{{ partner.address }}）</p>"
        "<p>乙方：{{ company.name }}（{{ company.address }}）</p>"
        "<p>合同编号 {{ contract.number }}，标的：{{ contract.title }}。</p>",
    ),
    (
        "Price and payment",
        "价款与支付",
        "payment",
        True,
        "<p>合同总价（含税）为 {{ contract.amount }}，"
        "其中不含税 {{ contract.amount_untaxed }}。</p>"
        "<p>甲方按下列分期支付：</p>{{ contract.plan }}",
    ),
    (
        "Delivery and acceptance",
        "交付与验收",
        "delivery",
        False,
        "<p>乙方按约定日期交货，甲方应在到货后十个工作日内验收；"
        "逾期未提出异议的，视为验收合格。</p>",
    ),
    (
        "Warranty",
        "质量保证",
        "warranty",
        False,
        "<p>质保期为验收合格之日起十二个月，质保期内乙方免费维修或更换。</p>",
    ),
    (
        "Term and renewal",
        "期限与续约",
        "term",
        True,
        "<p>本合同自 {{ contract.start }} 起至 {{ contract.end }} 止，"
        "共 {{ contract.months }} 个月。</p>"
        "<p>任何一方未在期满前 {{ contract.notice_days }} 天书面通知的，自动续约 "
        "{{ contract.renewal_months }} 个月。</p>",
    ),
    (
        "Liability",
        "违约责任",
        "liability",
        False,
        "<p>逾期交货或逾期付款的，每逾期一日按未履行部分的万分之五支付违约金，"
        "累计不超过合同总价的百分之五。</p>",
    ),
    (
        "Confidentiality",
        "保密条款",
        "privacy",
        False,
        "<p>双方对履行本合同所知悉的对方商业秘密负有保密义务，期限为合同终止后三年。</p>",
    ),
)
DELIVERY = ("Equipment delivery contract", "设备供货合同", (0, 1, 2, 3, 5, 6))
MAINTENANCE = ("Maintenance contract", "年度维保合同", (0, 1, 4, 5, 6))
INSTALMENTS = (
    ("Advance at signature", "签约预付款", "date", 0, 30),
    ("At acceptance", "验收款", "milestone", 0, 60),
    ("Retention after the warranty", "质保金", "date", 12, 10),
)
SIGNATORY = "zhou"


def run(env, rng, ctx):
    """Sign, invoice and collect the contracts; one of them is terminated after nine months."""
    ctx.templates = create_library(env, ctx)
    with without_mails(env):
        run_contracts(env, ctx)


def run_contracts(env, ctx):
    """Play the contracts, on the orders and with instalments."""
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
    run_instalments(env, ctx, partners[len(CONTRACTS) :])


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
    sign_document(env, ctx, order, contract)
    return order


def terminate(env, order, contract):
    """End the contract through its wizard, on the last day of the month it reached."""
    ended = fields.Date.add(order.contract_date_start, months=contract.ended, days=-1)
    env["crm.contract.terminate"].create({"order_id": order.id, "date": ended}).action_terminate()


# -- the library --


def create_library(env, ctx):
    """Publish the clauses and return the templates: (delivery, maintenance)."""
    clauses = env["crm.contract.clause"]
    for number, (name, name_zh, category, mandatory, text) in enumerate(CLAUSES):
        clause = clauses.create(
            {"name": name, "category": category, "mandatory": mandatory, "sequence": number}
        )
        clause.update_field_translations("name", {"zh_CN": name_zh})
        version = env["crm.contract.clause.version"].create({"clause_id": clause.id, "body": text})
        version.action_publish()
        clauses |= clause
    rows = [
        Command.create(
            {
                "name": name,
                "kind": kind,
                "months": months,
                "percent": percent,
                "sequence": number,
            }
        )
        for number, (name, _name_zh, kind, months, percent) in enumerate(INSTALMENTS)
    ]
    delivery = create_template(env, ctx, DELIVERY, clauses, instalment_ids=rows)
    for row, (_name, name_zh, *_rest) in zip(delivery.instalment_ids, INSTALMENTS, strict=True):
        row.update_field_translations("name", {"zh_CN": name_zh})
    maintenance = create_template(
        env,
        ctx,
        MAINTENANCE,
        clauses,
        recurring=True,
        recurrence="3",
        auto_renew=True,
        revision_kind="percent",
        revision_percent=3,
    )
    return delivery, maintenance


def create_template(env, ctx, row, clauses, **values):
    """Return a template with those clauses."""
    name, name_zh, numbers = row
    template = env["crm.contract.template"].create(
        {
            "name": name,
            "company_id": ctx.company.id,
            "clause_ids": [
                Command.create({"clause_id": clauses[number].id, "sequence": number})
                for number in numbers
            ],
            **values,
        }
    )
    template.update_field_translations("name", {"zh_CN": name_zh})
    return template


# -- the documents --


def signature(name):
    """Return the base64 of a drawn signature."""
    image = Image.new("RGB", (220, 70), "white")
    draw = ImageDraw.Draw(image)
    points = [(12 + 14 * n, 35 + (-1) ** n * (8 + (ord(c) % 17))) for n, c in enumerate(name[:14])]
    draw.line(points, fill="#26547c", width=3, joint="curve")
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def sign_both(env, ctx, document):
    """Freeze the PDF and have both sides sign it."""
    document.action_send_to_sign()
    customer = document.signatory_id.name
    document._sign("customer", customer, signature(customer))
    signatory = ctx.users[SIGNATORY]
    document.with_user(signatory)._sign("company", signatory.name, signature(signatory.login * 3))
    return document


def prepare(env, ctx, partner, start, title, template, **values):
    """Return the draft of a contract from a template."""
    return env["crm.contract"].create(
        {
            "title": title,
            "partner_id": partner.id,
            "signatory_id": (partner.child_ids[:1] or partner).id,
            "company_id": ctx.company.id,
            "user_id": ctx.users[SELLER].id,
            "team_id": ctx.teams["south"].id,
            "company_signatory_id": ctx.users[SIGNATORY].id,
            "template_id": template.id,
            "date_start": start,
            **values,
        }
    )


def sign_document(env, ctx, order, contract):
    """Sign the paper of an order that was invoiced in one sum: it has no instalments."""
    document = prepare(
        env,
        ctx,
        order.partner_id,
        order.contract_date_start,
        "水泵维保 / Pump maintenance",
        ctx.templates[1],
        term_months=contract.months,
        recurring=True,
        recurrence="1",
        auto_renew=True,
        renewal_months=12,
        notice_days=60,
        revision_kind="percent",
        revision_percent=3,
    )
    order.crm_contract_id = document
    document.instalment_ids.unlink()
    return sign_both(env, ctx, document)


def run_instalments(env, ctx, partners):
    """Contracts with a plan: running, collected in part, waiting for signature, and a draft."""
    delivery, maintenance = ctx.templates
    pump = next(row.code for row in ctx.product_rows() if row.kind == "pump")
    start = ctx.months[3][0]
    running = prepare(
        env, ctx, partners[0], start, "泵站调试与培训 / Commissioning", delivery,
        line_ids=[line(ctx, "SV-COM", 225)],
    )  # fmt: skip
    sign_both(env, ctx, running)
    invoice_due(env, ctx, running)
    running.instalment_ids.filtered(lambda row: row.kind == "milestone").action_confirm_milestone()
    post_drafts(running, days_later=75)
    quarterly = prepare(
        env, ctx, partners[1], ctx.months[5][0], "泵站年度维保 / Pump station", maintenance,
        term_months=12, recurring=True, recurrence="3", auto_renew=True, renewal_months=12,
        notice_days=60, line_ids=[line(ctx, tables.CONTRACT_PRODUCT, 1, 18000)],
    )  # fmt: skip
    quarterly.action_generate_plan()
    sign_both(env, ctx, quarterly)
    invoice_due(env, ctx, quarterly)
    waiting = prepare(
        env, ctx, partners[2], ctx.today, "密封件框架供货 / Seals", delivery,
        line_ids=[line(ctx, pump, 2)],
    )  # fmt: skip
    waiting.action_send_to_sign()
    draft = prepare(
        env, ctx, partners[3], ctx.today, "泵站改造 / Revamp", delivery,
        line_ids=[line(ctx, pump, 3)],
    )  # fmt: skip
    draft.text_ids[-1].body = "<p>双方另行签订保密协议。</p>"


def line(ctx, code, quantity, price=None):
    """Return the command that adds a line over a product."""
    values = {"product_id": ctx.products[code].id, "quantity": quantity}
    if price:
        values["price_unit"] = price
    return Command.create(values)


def invoice_due(env, ctx, document):
    """Make and post the invoices of what was due until today; all but the last are paid."""
    due = document.instalment_ids.filtered(
        lambda row: row.kind == "date" and row.date_planned <= ctx.today
    )
    for row in due:
        row._make_invoice()
    post_drafts(document)
    for row in due[:-1] or due:
        moves = row.invoice_ids
        accounting.pay(env, ctx, moves, bank_day(moves.invoice_date + days(PAID_AFTER)))


def post_drafts(document, days_later=0):
    """Post draft invoices of instalments on the days they were planned for."""
    for row in document.instalment_ids.filtered("has_draft"):
        invoice = row.invoice_ids.filtered(lambda move: move.state == "draft")
        planned = row.date_planned or document.date_start + days(days_later)
        invoice.invoice_date = working_day(planned)
        invoice.action_post()
