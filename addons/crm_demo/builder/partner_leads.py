"""Leads given to channel partners: offered, accepted, won, declined, expired, and in the pool."""

from datetime import timedelta

from odoo import Command

from odoo.addons.crm_partner.tools import unlocked

from . import names
from .calendar import moment
from .context import without_mails

#: what partners cover: provinces of the company's country; who is not named covers everything
REGIONS = (("SH", "ZJ", "JS"), ("JS", "AH", "SH"), ("HB", "HN"), ("SC",), ("LN", "SD"))
#: days ago, city, expected revenue, what the lead asks for, customer, what became of it
LEADS = (
    (150, "杭州", 86000, "循环水泵房改造 Pump room refit", "杭州临溪纸业有限公司", "won"),
    (140, "苏州", 42000, "冷却泵更换 Cooling pumps", "苏州恒渡电子有限公司", "won"),
    (128, "南京", 23000, "化工泵备件 Spare parts", "南京江屿化工有限公司", "lost"),
    (115, "武汉", 64000, "污水提升泵 Sewage pumps", "武汉楚陂水务有限公司", "won"),
    (101, "成都", 37000, "增压机组 Booster set", "成都锦岷食品有限公司", "expired"),
    (90, "宁波", 118000, "海水泵成套 Sea water pumps", "宁波澜港船务有限公司", "quoted"),
    (76, "无锡", 15500, "真空泵 Vacuum pump", "无锡映月玻璃有限公司", "declined"),
    (62, "合肥", 52000, "冷冻水泵 Chilled water pumps", "合肥皖澄电器有限公司", "qualified"),
    (45, "长沙", 28000, "泵站维保 Pump maintenance", "长沙湘漪乳业有限公司", "lost"),
    (30, "上海", 205000, "新产线供水 Water supply of a line", "上海申澈医药有限公司", "quoted"),
    (18, "温州", 9800, "机封备件 Mechanical seals", "温州瓯泽皮革有限公司", "contacted"),
    (9, "沈阳", 73000, "供热循环泵 Heating pumps", "沈阳北穹热力有限公司", "accepted"),
    (1, "嘉兴", 46000, "泵房节能改造 Energy refit", "嘉兴南漾纺织有限公司", "offered"),
    (1, "杭州", 31000, "变频供水机组 Variable speed set", "杭州钱澜酒店管理有限公司", "offered"),
    (0, "常州", 58000, "冷却塔水泵 Cooling tower pumps", "常州延陵制冷有限公司", "offered"),
    (4, "青岛", 39000, "海水淡化泵 Desalination pumps", "青岛胶澳水产有限公司", "pool"),
    (2, "广州", 67000, "污水泵改造 Sewage refit", "广州珠屿市政有限公司", "pool"),
    (2, "厦门", 21000, "空调水泵 Air conditioning pumps", "厦门鹭汐物业有限公司", "pool"),
)
#: what partners write back
NOTES = {
    "contacted": "已电话联系，客户下周安排现场勘查。",
    "qualified": "已现场勘查，预算与工期明确，采购部负责。",
    "quoted": "报价已提交，等待评审。",
    "won": "合同已签，预付款已到。",
    "lost": "客户选择了更低价的品牌。",
}


def run(env, rng, ctx):
    """Say what the partners cover, and play the leads of half a year."""
    partners = [partner for partner in getattr(ctx, "channel_partners", ()) if partner.grade_id]
    if not partners:
        return env["crm.lead.assignment"]
    with without_mails(env):
        set_up(env, ctx, partners)
        leads = env["crm.lead"]
        for row in LEADS:
            lead = create_lead(env, ctx, row)
            play(env, rng, ctx, lead, row)
            leads |= lead
    return leads.channel_assignment_ids


def set_up(env, ctx, partners):
    """Give the partners what they cover, and the best levels claims from the pool."""
    china = env.ref("base.cn")
    for partner, codes in zip(partners, REGIONS, strict=False):
        states = [env.ref(f"base.state_cn_{code}", raise_if_not_found=False) for code in codes]
        partner.channel_coverage_ids = [
            Command.clear(),
            Command.create(
                {
                    "country_id": china.id,
                    "state_ids": [Command.set([state.id for state in states if state])],
                }
            ),
        ]
    levels = [grade for grade in env["res.partner.grade"].search([], order="sequence, id")]
    for grade, quota in zip(levels, (3, 1), strict=False):
        grade.lead_pool_quota = quota
    ctx.company.channel_accept_hours = 16


def create_lead(env, ctx, row):
    """Return the opportunity of a row of LEADS."""
    ago, city, revenue, title, customer, _outcome = row
    place = next((one for one in names.CITIES if one.name == city), None)
    code = place.state if place else {"温州": "ZJ", "沈阳": "LN"}.get(city, "")
    state = env.ref(f"base.state_cn_{code}", raise_if_not_found=False)
    manager = ctx.users.get("gao") or ctx.users.get("zhou") or env.user
    return env["crm.lead"].create(
        {
            "name": title,
            "type": "opportunity",
            "company_id": ctx.company.id,
            "user_id": manager.id,
            "partner_name": customer,
            "contact_name": "采购部",
            "phone": f"0{500 + ago}-0000 {7000 + ago}",
            "email_from": f"buy{ago}@{600 + ago}.example.com",
            "city": city,
            "state_id": state.id if state else False,
            "country_id": env.ref("base.cn").id,
            "expected_revenue": revenue,
            "channel_note": "请在三个工作日内联系客户。",
        }
    )


def play(env, rng, ctx, lead, row):
    """Give the lead to a partner and let what became of it happen."""
    outcome, start = row[-1], moment(ctx.today - timedelta(days=row[0]), rng.randint(9, 16))
    if outcome == "pool":
        grades = env["res.partner.grade"].search([("lead_pool_quota", ">", 0)])
        entry = unlocked(env["crm.lead.assignment"])._put_in_pool(lead, grades)
        entry.write({"offered_at": start})
        return
    offer = env["crm.lead.distributor"]._distribute(lead)
    if offer.state != "offered":
        return
    backdate(offer, start, ctx.company)
    if outcome == "expired":
        unlocked(offer)._expire()
    elif outcome != "offered":
        answer(env, rng, offer, outcome, start)


def backdate(offer, start, company):
    """Let an offer have been made at ``start``; those of today keep their limits."""
    unlocked(offer).write(
        {
            "offered_at": start,
            "deadline": company._channel_after(company.channel_accept_hours, start),
            "remind_at": company._channel_after(company.channel_remind_hours, start),
        }
    )


def answer(env, rng, offer, outcome, start):
    """Answer as a salesperson of the partner, in the portal."""
    user = salesperson(env, offer.partner_id)
    if not user:
        return
    mine = offer.with_user(user)
    limit = offer.deadline
    unlocked(offer).deadline = False
    if outcome == "declined":
        mine._decline("capacity", "本月工程人员已排满。")
    else:
        mine._accept()
    responded = start + timedelta(hours=rng.randint(1, 20))
    hours = (responded - start).total_seconds() / 3600
    unlocked(offer).write({"responded_at": responded, "response_hours": hours, "deadline": limit})
    if outcome not in ("declined", "accepted"):
        report(env, mine, outcome)
        done = {"progress_at": responded + timedelta(days=3)}
        if outcome in ("won", "lost"):
            done["closed_at"] = responded + timedelta(days=rng.randint(10, 30))
        unlocked(offer).write(done)


def report(env, mine, outcome):
    """Send the feedback of a lead."""
    if outcome == "lost":
        reason = env["crm.lost.reason"].search([], limit=1)
        reason = reason or reason.create({"name": "Too expensive"})
        mine._feedback("lost", NOTES["lost"], lost_reason=reason)
    elif outcome == "won":
        amount = mine.sudo().lead_id.expected_revenue
        mine._feedback("won", NOTES["won"], amount=round(amount * 0.95, 2))
    else:
        mine._feedback(outcome, NOTES[outcome])


def salesperson(env, partner):
    """Return a portal user of the partner who works on leads, if there is one."""
    group = env.ref("crm_partner.group_portal_sales")
    return env["res.users"].search(
        [("partner_id", "child_of", partner.id), ("all_group_ids", "in", group.ids)], limit=1
    )
