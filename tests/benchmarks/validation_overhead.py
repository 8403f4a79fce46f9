"""Creating and writing 1,000 contacts: without the hook, without rules, with three rules.

The hook of ``crm_approval`` is in ``create`` and ``write`` of every model. *No rule* compares a
model without rules with the same methods less the hook; *three rules* are a condition, a required
field and a change of a field, all of them kept.
"""

from odoo.addons.crm_approval.models.base import Base

ROWS = 1000
RULES = (
    {"condition": "[('name', '=', 'nobody')]"},
    {"condition": "[('is_company', '=', True)]", "required_field_names": "ref"},
    {"trigger_field_names": "city", "condition": "[('city', '=', 'nowhere')]"},
)


def work(env, rows):
    """Create and write contacts as a user, up to the flush that checks them."""
    partners = env["res.partner"].create(
        [{"name": f"P{n}", "ref": str(n), "is_company": True} for n in range(rows)]
    )
    partners.write({"city": "Wuxi"})
    env.cr.flush()


def create_rules(env):
    model = env["ir.model"]._get_id("res.partner")
    env["crm.validation.rule"].create(
        [
            {"name": f"Rule {n}", "model_id": model, "message": "Mend it.", **vals}
            for n, vals in enumerate(RULES)
        ]
    )


def measure(bench, env, rows, rounds):
    """Return the best seconds of each variant; rounds of the variants take turns."""
    env = env(user=env.ref("base.user_admin"))
    env["crm.validation.rule"].search([]).active = False
    hook = Base._validation_rules
    work(env, rows)
    best = {}

    def timed(name):
        queries = env.cr.sql_log_count
        with bench.measure() as measured:
            work(env, rows)
        seconds, _old = best.get(name, (float("inf"), 0))
        best[name] = (min(seconds, measured.seconds), env.cr.sql_log_count - queries)
        env.cr.rollback()

    for _round in range(rounds):
        timed("no rule")
        Base._validation_rules = lambda self: ()
        timed("without the hook")
        Base._validation_rules = hook
        create_rules(env)
        env.cr.flush()
        timed("three rules")
        env.registry.clear_cache("stable")
    return best


def run(bench):
    rows, rounds = bench.option("rows", ROWS), bench.option("rounds", 5)
    best = bench.child(measure, rows, rounds).value
    plain, queries = best["without the hook"]
    for name in ("no rule", "three rules"):
        bench.figure(
            f"create and write {rows} contacts, {name}",
            best[name][0],
            plain,
            bar=1.02 if name == "no rule" else 1.25,
            queries=best[name][1],
            queries_without=queries,
        )
