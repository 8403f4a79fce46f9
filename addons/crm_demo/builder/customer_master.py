"""Who the customers are: roles, organisation charts, birthdays, sizes, levels and stages."""

from datetime import timedelta

from odoo import Command

#: role of a contact by what its function contains, first match
ROLES = (
    (("General Manager", "CEO", "总经理", "董事"), ("decider",)),
    (("Purchas", "采购"), ("buyer",)),
    (("Financ", "Account", "财务", "会计"), ("payer",)),
    (
        ("Engineer", "Technical", "Production", "工程", "技术", "生产", "设备"),
        ("user", "influencer"),
    ),
    (("Assistant", "Secretary", "助理", "秘书"), ("gatekeeper",)),
)
CHANNELS = ("email", "phone", "wechat", "wechat", "visit")
TIMES = ("morning", "afternoon", "evening", False)
SIZES = ("1", "10", "10", "50", "50", "50", "250", "250", "1000")
CHARTS = 12
#: functions of the people of an organisation chart, and the position of whom they report to
CHART = (
    ("总经理", None, ("decider",)),
    ("采购经理", 0, ("buyer",)),
    ("工程部经理", 0, ("influencer",)),
    ("财务主管", 0, ("payer",)),
    ("设备工程师", 2, ("user",)),
)
SURNAMES = "王李张刘陈杨赵黄周吴徐孙"
GIVEN = ("建国", "敏", "志强", "丽华", "海涛", "晓燕", "文斌", "静", "国栋", "雪梅")


def run(env, rng, ctx):
    """Fill in what the company knows about its customers, then apply the rules of the year."""
    partners = env["res.partner"].browse([partner.id for partner in ctx.partners])
    roles = {key: role(env, key) for key in ("decider", "buyer", "payer", "user", "influencer")}
    roles["gatekeeper"] = role(env, "gatekeeper")
    describe_companies(rng, partners)
    describe_contacts(rng, ctx, partners.child_ids, roles)
    for partner in partners[:CHARTS]:
        draw_chart(env, rng, partner, roles)
    live_the_year(env, ctx, partners)


def role(env, key):
    """Return the contact role, which a user may have deleted."""
    return env.ref(f"crm_customer.crm_contact_role_{key}", raise_if_not_found=False) or env[
        "crm.contact.role"
    ].create({"name": key.title()})


def describe_companies(rng, partners):
    """Give every company a size and a revenue that fit each other."""
    for partner in partners:
        size = rng.choice(SIZES)
        partner.write(
            {
                "company_size": size,
                "annual_revenue": int(size) * rng.randint(20, 60) * 10000,
            }
        )


def describe_contacts(rng, ctx, contacts, roles):
    """Give contacts the role their function suggests, and two of three a birthday."""
    for contact in contacts:
        keys = next(
            (keys for words, keys in ROLES if any(w in (contact.function or "") for w in words)),
            (),
        )
        vals = {
            "contact_role_ids": [Command.set([roles[key].id for key in keys])],
            "preferred_channel": rng.choice(CHANNELS),
            "preferred_time": rng.choice(TIMES),
        }
        if rng.random() < 0.66:
            vals["birthday"] = birthday(rng, ctx)
        contact.write(vals)


def birthday(rng, ctx):
    """Return a birthday; one of eight lies in the coming days."""
    if rng.random() < 0.125:
        day = ctx.today + timedelta(days=rng.randint(0, 10))
        return day.replace(year=rng.randint(1965, 1998), day=min(28, day.day))
    return any_birthday(rng)


def draw_chart(env, rng, partner, roles):
    """Add the people of an organisation chart to a customer, below who is known already."""
    people = []
    for function, boss, keys in CHART:
        people.append(
            env["res.partner"].create(
                {
                    "name": rng.choice(SURNAMES) + rng.choice(GIVEN),
                    "parent_id": partner.id,
                    "function": function,
                    "lang": partner.lang,
                    "reports_to_id": people[boss].id if boss is not None else False,
                    "contact_role_ids": [Command.set([roles[key].id for key in keys])],
                    "birthday": any_birthday(rng),
                    "preferred_channel": rng.choice(CHANNELS),
                }
            )
        )
    known = partner.child_ids.filtered(
        lambda p: p.type == "contact" and not p.is_company and p.id not in {x.id for x in people}
    )
    known.reports_to_id = people[0]


def any_birthday(rng):
    """Return any birthday."""
    return f"{rng.randint(1962, 1996)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"


def live_the_year(env, ctx, partners):
    """Apply the rules at the end of every month, so that stages have a history."""
    ctx.company.write(
        {"lifecycle_risk_days": 60, "lifecycle_lost_days": 150, "lifecycle_back_days": 90}
    )
    lifecycle = env["crm.customer.lifecycle"]
    env.flush_all()
    for _first, last in ctx.months:
        if last < ctx.today:
            lifecycle._refresh(partners.ids, last)
    lifecycle._refresh(partners.ids, ctx.today)
    env["crm.customer.level"]._refresh(ctx.today)
