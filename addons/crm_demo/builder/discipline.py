"""Stage gates, playbooks, deal teams, competitors, reasons and loss surveys of the pipeline."""

import base64

from odoo import Command

from .calendar import moment
from .context import without_mails
from .plan import days

ITEMS = (
    ("Name the person who decides", "找到决策人", True),
    ("Ask for the date of the investment decision", "询问投资决策日期", False),
    ("Visit the plant and take measurements", "到厂测量", False),
)
COMPETITORS = (
    ("Nordwind Pumpen", "Energy efficiency, brand", "Delivery takes 14 weeks"),
    ("长江泵业", "价格低，交期短", "售后服务网点少"),
    ("Kaido Fluid", "Seals and spare parts", "No local engineers"),
)
STATUSES = ("identified", "ahead", "behind", "out")
ANSWERS = ("price", "product", "speed", "relation", "stopped")
COMMENTS = (
    "对方的报价低了大约百分之八。",
    "Your engineers were good, but the delivery date was too late for us.",
    "我们和原供应商签了三年框架协议。",
)


def run(env, rng, ctx):
    """Set up the discipline of the pipeline and give it a past."""
    if "crm.stage.gate" not in env:
        return
    playbook = create_playbook(env, ctx)
    tick(env, rng, ctx, playbook)
    create_competitors(env, rng, ctx)
    create_teams(env, rng, ctx)
    explain_outcomes(env, rng, ctx)
    with without_mails(env):
        survey(env, rng, ctx)
    create_gates(env, ctx)
    env.company.write({"win_reason_required": True, "lost_reason_required": True})
    stages = [stage for stage in ctx.stages.values() if not stage.is_won]
    for stage in stages:
        stage.rotting_threshold_days = 21
    env.flush_all()
    open_leads = leads_of(ctx, "open")
    env["crm.deal.health"]._refresh(open_leads)
    env["crm.stuck.alert"]._alert(env["crm.stuck.alert"]._stuck()[:15])


def leads_of(ctx, outcome):
    """Return the opportunities of the plan with that outcome."""
    empty = next(iter(ctx.leads.values())).browse()
    return empty.union(
        *(ctx.leads[deal.number] for deal in ctx.deals() if deal.outcome == outcome)
    ).exists()


def create_playbook(env, ctx):
    """Write the playbook of the second stage, with a talk track and a brochure."""
    playbook = env["crm.playbook"].create(
        {
            "name": "Qualification",
            "stage_id": ctx.stages["qualified"].id,
            "talk_track": "<p>What happens when the line stands still for a day? "
            "Who signs an investment of this size?</p>",
            "item_ids": [
                Command.create({"name": name, "mandatory": mandatory})
                for name, _zh, mandatory in ITEMS
            ],
            "attachment_ids": [
                Command.create({"name": "pump-brochure.txt", "raw": b"Pumps of the P series"})
            ],
        }
    )
    for item, (_name, zh, _mandatory) in zip(playbook.item_ids, ITEMS, strict=True):
        item.with_context(lang="zh_CN").name = zh
    playbook.with_context(lang="zh_CN").name = "需求确认"
    return playbook


def tick(env, rng, ctx, playbook):
    """Tick a part of the checklist of the open opportunities."""
    for lead in leads_of(ctx, "open"):
        items = rng.sample(list(playbook.item_ids), rng.randint(0, len(playbook.item_ids)))
        env["crm.lead.check"].with_user(lead.user_id or env.user).create(
            [{"lead_id": lead.id, "item_id": item.id} for item in items]
        )


def create_competitors(env, rng, ctx):
    """Create three competitors and meet them in open and decided deals."""
    rivals = env["crm.competitor"].create(
        [
            {"name": name, "strengths": f"<p>{good}</p>", "weaknesses": f"<p>{bad}</p>"}
            for name, good, bad in COMPETITORS
        ]
    )
    rows = []
    for outcome, share in (("open", 0.5), ("won", 0.25), ("lost", 0.6)):
        for lead in leads_of(ctx, outcome):
            if rng.random() > share:
                continue
            rival = rng.choice(rivals)
            won = outcome == "lost" and rng.random() < 0.6
            rows.append(
                {
                    "lead_id": lead.id,
                    "competitor_id": rival.id,
                    "status": "winner" if won else rng.choice(STATUSES),
                    "price": round(lead.expected_revenue * rng.uniform(0.85, 1.1), -2),
                }
            )
    env["crm.lead.competitor"].create(rows)


def create_teams(env, rng, ctx):
    """Let presales and colleagues take part in open deals without quotations of their own."""
    presales = env.ref("crm_sales.crm_deal_role_presales")
    owner = env.ref("crm_sales.crm_deal_role_co_owner")
    people = [user for key, user in ctx.users.items() if key in ("li", "qian", "sun")]
    rows = []
    for lead in leads_of(ctx, "open").filtered(lambda one: not one.order_ids)[:20]:
        if "wang" in ctx.users:
            rows.append(
                {"lead_id": lead.id, "user_id": ctx.users["wang"].id, "role_id": presales.id}
            )
        others = [user for user in people if user != lead.user_id]
        if others and rng.random() < 0.4:
            rows.append(
                {
                    "lead_id": lead.id,
                    "user_id": rng.choice(others).id,
                    "role_id": owner.id,
                    "split": rng.choice((20, 30, 40)),
                    "date_to": ctx.today + days(90),
                }
            )
    env["crm.deal.member"].create(rows)


def explain_outcomes(env, rng, ctx):
    """Give won deals a reason, and lost ones a detail."""
    reasons = env["crm.win.reason"].search([("detail_required", "=", False)])
    for lead in leads_of(ctx, "won"):
        lead.win_reason_id = rng.choice(reasons)
    chosen = env["crm.lost.reason"].search([("name", "=", "Competitor chosen")], limit=1)
    lost = leads_of(ctx, "lost")
    lost.filtered(
        lambda one: one.lost_reason_id == chosen
    ).lost_detail = "A cheaper offer with shorter delivery."
    chosen.detail_required = True


def survey(env, rng, ctx):
    """Ask the customers of lost deals; most of them answer."""
    surveys = env["crm.loss.survey"]
    for lead in leads_of(ctx, "lost")[:30]:
        if lead.won_status != "lost" or not (lead.email_from or lead.partner_id.email):
            continue
        asked = surveys._send(lead).sudo()  # sudo: the customer answers
        if rng.random() < 0.7:
            asked._answer(
                {
                    "main_reason": rng.choice(ANSWERS),
                    "score_price": rng.choice("1223"),
                    "score_product": rng.choice("3445"),
                    "score_service": rng.choice("2345"),
                    "score_speed": rng.choice("1234"),
                    "chosen": rng.choice(COMPETITORS)[0],
                    "comment": rng.choice(COMMENTS),
                    "again": rng.random() < 0.5,
                }
            )
            asked.date_answered = moment(ctx.today - days(rng.randint(1, 60)), 14)


def create_gates(env, ctx):
    """Hold deals before a proposal without an expected closing, and before negotiation."""
    field = env["ir.model.fields"]._get("crm.lead", "date_deadline")
    budget = env.ref("crm_sales.crm_document_kind_budget")
    gates = (
        (
            "proposition",
            "Qualified before we quote",
            "报价前须确认需求",
            [{"kind": "field", "field_id": field.id, "hint": "Ask when they decide"}],
        ),
        (
            "negotiation",
            "Quoted before we negotiate",
            "谈判前须已报价",
            [{"kind": "quotation"}, {"kind": "document", "document_kind_id": budget.id}],
        ),
    )
    for key, name, name_zh, rows in gates:
        if key not in ctx.stages:
            continue
        gate = env["crm.stage.gate"].create(
            {
                "name": name,
                "stage_id": ctx.stages[key].id,
                "requirement_ids": [Command.create(row) for row in rows],
            }
        )
        gate.with_context(lang="zh_CN").name = name_zh
    file = base64.b64encode(b"Proof of budget")
    env["crm.lead.document"].create(
        [
            {"lead_id": lead.id, "kind_id": budget.id, "file": file, "file_name": "budget.txt"}
            for lead in leads_of(ctx, "open")[:10]
        ]
    )
