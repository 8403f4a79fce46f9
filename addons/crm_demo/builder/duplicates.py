"""Customers who were entered a second time, for the review queue.

What happens in real life: a trade fair list was typed in by hand, an assistant took the region out
of the name, a contact gave another phone, somebody wrote pinyin.
"""

from datetime import timedelta

from odoo import fields

COMPANIES = 24
PEOPLE = 16
#: pairs that the sales assistant has decided on already: (duplicates, different)
REVIEWED = (4, 6)


def run(env, rng, ctx):
    """Create the second entries, let the rules find them, and decide on some pairs."""
    partners = [partner for partner in ctx.partners if partner.country_id.code == "CN"]
    firms = rng.sample(partners, min(COMPANIES, len(partners)))
    contacts = [
        child
        for partner in partners
        for child in partner.child_ids
        if child.type == "contact" and child.phone and len(child.name) in (2, 3)
    ]
    people = rng.sample(contacts, min(PEOPLE, len(contacts)))
    vals = [second_company(rng, partner) for partner in firms]
    vals += [second_person(rng, partner) for partner in people]
    env["res.partner"].create(vals)
    add_second_addresses(env, people)
    match(env)
    review(env, rng)


def second_company(rng, partner):
    """Return values of a company as somebody entered it again."""
    change = rng.choice((swap_region, drop_legal_form, full_width, same_name))
    vals = {
        "name": change(partner),
        "is_company": True,
        "phone": rng.choice((partner.phone, partner.phone, False)),
        "email": rng.choice((partner.email, False)),
        "street": partner.street,
        "city": partner.city,
        "state_id": partner.state_id.id,
        "country_id": partner.country_id.id,
        "lang": partner.lang,
        "comment": "Typed in from the list of the trade fair",
    }
    if not (vals["phone"] or vals["email"]):
        vals["phone"] = partner.phone
    return vals


def swap_region(partner):
    """上海宏泰机械有限公司 → 宏泰机械（上海）有限公司"""
    city, name = partner.city or "", partner.name
    if not (city and name.startswith(city)):
        return drop_legal_form(partner)
    core = name.removeprefix(city).removesuffix("有限公司")
    return f"{core}（{city}）有限公司"


def drop_legal_form(partner):
    """上海宏泰机械有限公司 → 上海宏泰机械"""
    return partner.name.removesuffix("有限公司").removesuffix("股份") or partner.name


def full_width(partner):
    """Digits and letters as an input method for Chinese writes them."""
    wide = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
    return partner.name.translate(wide)


def same_name(partner):
    return partner.name


def second_person(rng, partner):
    """Return values of a contact as somebody entered it again: pinyin, a misspelling, a title."""
    from pypinyin import lazy_pinyin

    family, *given = lazy_pinyin(partner.name)
    name = rng.choice(
        (
            f"{family.capitalize()} {''.join(given).capitalize()}",
            f"{partner.name}经理",
            partner.name,
        )
    )
    return {
        "name": name,
        "phone": partner.phone,
        "email": rng.choice((partner.email, False)),
        "city": partner.city,
        "country_id": partner.country_id.id or partner.parent_id.country_id.id,
        "function": partner.function,
        "lang": partner.lang,
    }


def add_second_addresses(env, people):
    """Give some contacts a private mailbox and a WeChat id, by which they are found too."""
    rows = []
    for number, partner in enumerate(people[:10], 1):
        rows.append(
            {"partner_id": partner.id, "kind": "email", "value": f"private{number}@example.org"}
        )
        rows.append({"partner_id": partner.id, "kind": "wechat", "value": f"wx_demo_{number:04d}"})
    env["crm.identity"].create(rows)


def match(env):
    """Make the keys and compare everybody, as the scheduled actions do."""
    rulesets = env["crm.match.ruleset"].search([])
    for ruleset in rulesets:
        while ruleset._make_some_keys():
            continue
    rulesets.run_now()
    env["crm.match.queue"].search([("error", "=", False)]).unlink()


def review(env, rng):
    """Decide on some pairs, so that the quality report has something to say."""
    duplicates, different = REVIEWED
    pairs = env["crm.match.candidate"].search([("state", "=", "to_review")])
    certain = pairs.filtered(lambda pair: pair.decision == "merge")[-duplicates:]
    doubtful = (pairs - certain).filtered(lambda pair: pair.decision == "review")[-different:]
    certain.state = "duplicate"
    doubtful.state = "distinct"
    moment = fields.Datetime.now()
    for pair in certain | doubtful:
        pair.date_review = moment - timedelta(days=rng.randrange(1, 20))
