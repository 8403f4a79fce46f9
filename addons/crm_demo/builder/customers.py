"""Three hundred customers with their contacts."""

from odoo import Command

TERMS = (
    ("account.account_payment_term_30days", 6),
    ("account.account_payment_term_immediate", 1),
    ("account.account_payment_term_45days", 2),
    ("account.account_payment_term_15days", 1),
)


def run(env, rng, ctx):
    """Create the customers of the plan, in the order of the plan."""
    countries = {
        row.code: row.id
        for row in env["res.country"].search_fetch(
            [("code", "in", list({row.country for row in ctx.customers}))], ["code"]
        )
    }
    codes = sorted({row.state for row in ctx.customers if row.state})
    states = {code: env.ref(f"base.state_cn_{code}").id for code in codes}
    industries = create_industries(env, ctx)
    vals = [
        {
            **customer_vals(row),
            "country_id": countries[row.country],
            "state_id": states.get(row.state, False),
            "category_id": [Command.set([industries[row.trade]])],
            "property_payment_term_id": payment_term(env, rng).id,
            "create_date": ctx.start,
        }
        for row in ctx.customers
    ]
    ctx.partners = list(env["res.partner"].create(vals))


def create_industries(env, ctx):
    """Create one tag per trade of the customers."""
    names = sorted({row.trade for row in ctx.customers})
    tags = env["res.partner.category"].create(
        [{"name": name, "color": index % 11 + 1} for index, name in enumerate(names)]
    )
    return dict(zip(names, tags.ids, strict=True))


def payment_term(env, rng):
    """Return the payment term that a customer has agreed on."""
    names, weights = zip(*TERMS, strict=True)
    return env.ref(rng.choices(names, weights)[0])


def customer_vals(row):
    """Values of a company and of the people who work there."""
    return {
        "name": row.name,
        "is_company": True,
        "customer_rank": 1,
        "street": row.street,
        "city": row.city,
        "zip": row.zip,
        "phone": row.phone,
        "email": row.email,
        "website": row.website,
        "lang": row.lang,
        "tz": "Asia/Shanghai",
        "child_ids": [Command.create(contact_vals(row, contact)) for contact in row.contacts],
    }


def contact_vals(row, contact):
    """Values of a person at a customer."""
    return {
        "name": contact.name,
        "type": "contact",
        "function": contact.function,
        "email": contact.email,
        "phone": contact.phone,
        "lang": row.lang,
    }
