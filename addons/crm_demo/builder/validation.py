"""Validation rules as a sales office has them, and the first warnings they give."""

RULES = (
    {
        "key": "crm.lead",
        "name": "Large deals need a date",
        "level": "warn",
        "condition": "[('type', '=', 'opportunity'), ('expected_revenue', '>', 100000)]",
        "required_field_names": "date_deadline",
        "message": "Agree on the month in which the customer decides; the forecast needs it.",
    },
    {
        "key": "crm.lead",
        "name": "No deal is won for nothing",
        "level": "block",
        "on_create": False,
        "condition_before": "[('won_status', '!=', 'won')]",
        "condition": "[('won_status', '=', 'won'), ('expected_revenue', '=', 0)]",
        "message": "Enter the expected revenue before the deal is marked as won.",
    },
    {
        "key": "res.partner",
        "name": "Chinese companies have a credit code",
        "level": "warn",
        "on_write": False,
        "condition": "[('is_company', '=', True), ('country_id.code', '=', 'CN')]",
        "required_field_names": "company_registry",
        "message": "Ask for the unified social credit code; invoices and duplicates depend on it.",
    },
)
"""``key`` is the model."""

WARNED = 6


def run(env, rng, ctx):
    """Create the rules, and warn of a few customers whose credit code is missing."""
    rules = env["crm.validation.rule"].create(
        [
            {
                **{name: value for name, value in row.items() if name != "key"},
                "model_id": env["ir.model"]._get_id(row["key"]),
                "company_id": ctx.company.id,
            }
            for row in RULES
        ]
    )
    warn_of_some(env, rules[2], ctx)


def warn_of_some(env, rule, ctx):
    """Record what salespersons were warned of; nothing is checked during an installation."""
    user = ctx.users.get("zhou") or env.user
    found = env["res.partner"].search(rule._existing_domain(), limit=WARNED, order="id")
    log = env(user=user.id, su=True)["crm.validation.log"]
    log._record(rule, found, [(rule, partner) for partner in found])
