"""Territories of China with their people, routing rules, and how soon leads were answered."""

from datetime import timedelta

from odoo import Command, fields

from . import names
from .context import without_mails

#: name, Chinese name, parent, codes of provinces, people
TERRITORIES = (
    ("Key Accounts", "重点客户", None, (), ("qian",)),
    ("China", "中国", None, (), ()),
    ("East China", "华东", "China", ("SH", "JS", "ZJ", "AH", "SD"), ("li", "zhao")),
    ("Shanghai", "上海", "East China", ("SH",), ("li",)),
    ("Jiangsu", "江苏", "East China", ("JS",), ("zhao",)),
    ("Zhejiang", "浙江", "East China", ("ZJ",), ("li", "zhao")),
    ("South China", "华南", "China", ("GD", "FJ", "HN", "HB", "SC"), ("qian", "sun")),
    ("Guangdong", "广东", "South China", ("GD",), ("qian",)),
    ("Fujian", "福建", "South China", ("FJ",), ("sun",)),
    ("Central China", "华中", "South China", ("HN", "HB"), ("sun",)),
    ("Rest of China", "中国其他地区", "China", (), ("sun",)),
    ("Overseas", "海外", None, (), ("qian",)),
)
#: days ago, hour, city, expected revenue, source, what the lead asks for
ARRIVALS = (
    (0, 2, "上海", 48000, "website", "Pumps for a cooling circuit"),
    (0, 3, "苏州", 8500, "mail", "Spare seals"),
    (0, 4, "广州", 132000, "fair", "Replacement of six pumps"),
    (1, 2, "无锡", 26000, "website", "Pump station quotation"),
    (1, 5, "杭州", 15500, "website", "Vacuum pump inquiry"),
    (1, 7, "深圳", 310000, "fair", "New production line"),
    (2, 2, "宁波", 9800, "mail", "Maintenance of two pumps"),
    (2, 6, "长沙", 41000, "website", "Chemical pump, stainless steel"),
    (3, 3, "南京", 67000, "website", "Booster set for a plant"),
    (4, 2, "厦门", 22000, "mail", "Delivery time of seals"),
    (5, 5, "上海", 185000, "fair", "Frame contract for pumps"),
    (6, 4, "成都", 36000, "website", "Pump for waste water"),
    (7, 2, "佛山", 12500, "website", "Spare parts list"),
    (8, 3, "青岛", 54000, "mail", "Sea water pumps"),
)


def run(env, rng, ctx):
    """Set up routing, let leads arrive, and give the leads of the year their past."""
    with without_mails(env):
        complete_addresses(env)
        model = create_territories(env, ctx)
        create_next_plan(env, model)
        policies = create_policies(env, ctx)
        rules = create_rules(env, ctx, model, policies)
        write_past(env, rng, ctx, policies)
        arrivals = create_arrivals(env, ctx)
        answer(env, rng, arrivals)
        ctx.teams["east"].lead_sla_policy_id = policies["standard"]
        return rules


def province(env, code):
    """Return the province with that code in the names of Odoo's data."""
    return env.ref(f"base.state_cn_{code}", raise_if_not_found=False) or env["res.country.state"]


def complete_addresses(env):
    """Give leads that only name their city the province."""
    by_city = {city.name: city.state for city in names.CITIES}
    leads = env["crm.lead"].search([("state_id", "=", False), ("city", "in", list(by_city))])
    for city, group in leads.grouped("city").items():
        state = province(env, by_city[city])
        group.write({"state_id": state.id, "country_id": env.ref("base.cn").id})


def create_territories(env, ctx):
    """Create the model in force, since the first day of the year."""
    model = env["crm.territory.model"].create(
        {
            "name": f"Regions {ctx.today.year}",
            "company_id": ctx.company.id,
            "date_from": ctx.months[0][0],
        }
    )
    made = {}
    for number, (name, name_zh, parent, codes, people) in enumerate(TERRITORIES, 1):
        states = env["res.country.state"].union(*(province(env, code) for code in codes))
        territory = env["crm.territory"].create(
            {
                "name": name,
                "model_id": model.id,
                "parent_id": made[parent].id if parent else False,
                "sequence": number,
                "color": number % 11 + 1,
                "state_ids": [Command.set(states.ids)],
                "member_ids": [Command.set([ctx.users[login].id for login in people])],
            }
        )
        territory.update_field_translations("name", {"zh_CN": name_zh})
        made[name] = territory
    made["China"].write(
        {"country_ids": [Command.set(env.ref("base.cn").ids)], "user_id": ctx.users["zhou"].id}
    )
    made["Key Accounts"].partner_ids = env["res.partner"].search(
        [("is_company", "=", True), ("customer_rank", ">", 0)], order="customer_rank desc, id",
        limit=6,
    )  # fmt: skip
    for key, name in (("east", "East China"), ("south", "South China")):
        made[name].team_id = ctx.teams[key]
    model._activate()
    return model


def create_next_plan(env, model):
    """Draft the model of next year: a province changes hands, another one is claimed twice."""
    draft = model.copy({"name": f"Regions {fields.Date.today().year + 1} (draft)"})
    central = draft.territory_ids.filtered(lambda one: one.name == "Central China")
    south = draft.territory_ids.filtered(lambda one: one.name == "South China")
    anhui = province(env, "AH")
    (central | south).write({"state_ids": [Command.link(anhui.id)]})
    hunan = province(env, "HN")
    guangdong = draft.territory_ids.filtered(lambda one: one.name == "Guangdong")
    guangdong.write({"state_ids": [Command.link(hunan.id)]})
    central.write({"state_ids": [Command.unlink(hunan.id)]})
    return draft


def create_policies(env, ctx):
    """Create how soon leads must be answered."""
    policies = env["crm.lead.sla.policy"]
    rows = (
        ("web", "Web leads: two hours", "网站线索：两小时", {"response_hours": 2}),
        ("standard", "One working day", "一个工作日", {"response_hours": 8, "only_routed": False}),
    )
    made = {}
    for key, name, name_zh, vals in rows:
        made[key] = policies.create(
            {
                "name": name,
                "company_id": ctx.company.id,
                "on_breach": "next",
                "fallback_user_id": ctx.users["zhou"].id,
                **vals,
            }
        )
        made[key].update_field_translations("name", {"zh_CN": name_zh})
    return made


def create_rules(env, ctx, model, policies):
    """Create the rules, from the special to the general."""
    users, node = ctx.users, {one.name: one for one in model.territory_ids}
    segment = env["crm.segment"].search([("name", "=", "Large customers")], limit=1)
    sources = {name: source(env, name) for name in ("website", "fair")}
    service = env["product.category"].search([], limit=1, order="id desc")
    tag = env["crm.tag"].search([], limit=1)

    def people(*logins):
        return [Command.create({"user_id": users[login].id}) for login in logins]

    territory = {"people_from": "territory", "target": "least_loaded"}
    web, standard = policies["web"].id, policies["standard"].id
    rows = [
        ("Key accounts to their manager", "重点客户给客户经理",
         {"territory_ids": node["Key Accounts"].ids, "target": "person",
          "user_id": users["qian"].id, "sla_policy_id": web, "override_user": True}),
        ("Large customers", "大客户",
         {"segment_ids": segment.ids, "member_ids": people("qian", "li"),
          "sla_policy_id": web} if segment else None),
        ("From 300,000: the head of sales", "30 万以上：销售总监",
         {"budget_from": 300000, "target": "person", "user_id": users["zhou"].id,
          "sla_policy_id": standard}),
        ("From 100,000: senior colleagues", "10 万以上：资深同事",
         {"budget_from": 100000, "member_ids": people("li", "qian"), "target": "least_loaded",
          "sla_policy_id": standard}),
        ("Trade fair, East China", "展会：华东",
         {"source_ids": sources["fair"].ids, "territory_ids": node["East China"].ids,
          "member_ids": people("li", "zhao"), "sla_policy_id": standard}),
        ("Trade fair, elsewhere", "展会：其他地区",
         {"source_ids": sources["fair"].ids, "member_ids": people("qian", "sun"),
          "sla_policy_id": standard}),
        ("Website, East China", "网站：华东",
         {"source_ids": sources["website"].ids, "territory_ids": node["East China"].ids,
          "sla_policy_id": web, "availability": "hours", **territory}),
        ("Website, South China", "网站：华南",
         {"source_ids": sources["website"].ids, "territory_ids": node["South China"].ids,
          "sla_policy_id": web, "availability": "hours", **territory}),
        ("Service products", "服务类产品",
         {"product_categ_ids": service.ids, "target": "person", "user_id": users["sun"].id,
          "sla_policy_id": standard}),
        ("Tagged for the presales", "标记给售前",
         {"tag_ids": tag.ids, "budget_to": 1000, "lead_type": "lead", "target": "person",
          "user_id": users["wang"].id} if tag else None),
        ("East China", "华东",
         {"territory_ids": node["East China"].ids, "sla_policy_id": standard, **territory}),
        ("South China", "华南",
         {"territory_ids": node["South China"].ids, "sla_policy_id": standard, **territory}),
        ("Everything else", "其余",
         {"member_ids": people("li", "zhao", "qian", "sun"), "nobody": "person",
          "fallback_user_id": users["zhou"].id, "sla_policy_id": standard}),
    ]  # fmt: skip
    rules = env["crm.lead.route.rule"]
    for number, (name, name_zh, vals) in enumerate(rows, 1):
        if vals is not None:
            rule = rules.create(
                {"name": name, "sequence": number * 10, "company_id": ctx.company.id, **vals}
            )
            rule.update_field_translations("name", {"zh_CN": name_zh})
            rules |= rule
    return rules


def source(env, name):
    """Return the source of leads with that key, or none for mails."""
    english = {"website": "Website Form", "fair": "Trade Fair"}.get(name)
    found = env["utm.source"].search([("name", "=", english)], limit=1)
    return found or (env["utm.source"].create({"name": english}) if english else found)


def create_arrivals(env, ctx):
    """Let leads arrive without a salesperson: the rules find one."""
    cities = {city.name: city for city in names.CITIES}
    leads = env["crm.lead"].with_context(default_user_id=False)
    vals_list = []
    for number, (ago, hour, city, revenue, origin, title) in enumerate(ARRIVALS):
        row = ctx.customers[(number * 7) % len(ctx.customers)]
        contact = row.contacts[0]
        vals_list.append(
            {
                "name": title,
                "type": "lead",
                "company_id": ctx.company.id,
                "contact_name": contact.name,
                "email_from": f"inquiry{number}@{row.email.split('@')[-1]}",
                "city": city,
                "state_id": province(env, cities[city].state).id,
                "country_id": env.ref("base.cn").id,
                "expected_revenue": revenue,
                "source_id": source(env, origin).id,
                "create_date": moment_ago(ago, hour),
            }
        )
    return leads.create(vals_list)


def moment_ago(days, hour=3):
    """Return the UTC moment at an hour, some days ago."""
    now = fields.Datetime.now()
    return min(now, now.replace(hour=hour, minute=10, second=0) - timedelta(days=days))


def answer(env, rng, leads):
    """Turn the clocks of the arrivals back to when they came, and answer most of them."""
    for run in leads.sla_ids.sorted("id"):
        start = run.lead_id.create_date
        warn_at, deadline = run.policy_id._times(start, run.company_id)
        run.write({"start": start, "warn_at": warn_at, "deadline": deadline})
        settle(rng, run)


def settle(rng, run):
    """Answer a clock in time or late, or leave it as it would stand now."""
    now, chance = fields.Datetime.now(), rng.random()
    kind = rng.choice(("message", "message", "call", "activity", "meeting"))
    share = rng.uniform(0.1, 0.9) if chance < 0.75 else rng.uniform(1.1, 1.8)
    moment = run.start + (run.deadline - run.start) * share
    if chance < 0.9 and moment <= now:
        run._note_response(moment.replace(microsecond=0), kind)
    elif run.deadline <= now:
        run.state = "breached"
    elif run.warn_at and run.warn_at <= now:
        run.state = "warned"


def write_past(env, rng, ctx, policies):
    """Give the leads of the last three months the clock they would have had."""
    since = fields.Datetime.now() - timedelta(days=90)
    leads = env["crm.lead"].search(
        [("company_id", "=", ctx.company.id), ("create_date", ">=", since)], order="id"
    )
    policy, runs = policies["standard"], env["crm.lead.sla"]
    for lead in leads:
        warn_at, deadline = policy._times(lead.create_date, ctx.company)
        runs |= runs.create(
            {
                "lead_id": lead.id,
                "company_id": ctx.company.id,
                "policy_id": policy.id,
                "user_id": lead.user_id.id,
                "team_id": lead.team_id.id,
                "start": lead.create_date,
                "warn_at": warn_at,
                "deadline": deadline,
            }
        )
    for run in runs:
        settle(rng, run)
