"""Builds the demonstration company by running the real flows of Odoo.

The whole build is one transaction, that of the installation: it is there in full or not at all.
"""

import functools
import logging
import random

from odoo import SUPERUSER_ID, fields

from . import (
    accounting,
    activities,
    approvals,
    collections,
    commissions,
    company,
    contracts,
    customer_master,
    customer_value,
    customers,
    discipline,
    duplicates,
    forecast,
    imports,
    merges,
    month,
    names,
    orders,
    partner_content,
    partner_deals,
    partner_leads,
    partner_mdf,
    partner_portal,
    partner_programme,
    partner_rebates,
    people,
    pipeline,
    plan,
    pool,
    products,
    projects,
    quota,
    quotations,
    routing,
    segments,
    story,
    supply,
    validation,
    visits,
)
from .calendar import months_of_the_year, story_quarter
from .context import QUIET, Context

_logger = logging.getLogger(__name__)

BUILT = "crm_demo.built"
SEED = 20260101
CUSTOMERS = 300


def build(env, seed=SEED, activity=1.0):
    """Build the demonstration company unless this database has it already.

    :param int seed: the same seed gives the same company on the same day
    :param float activity: share of the usual number of deals, for quick trials
    :return: whether anything was built
    """
    parameters = env["ir.config_parameter"].sudo()
    if parameters.get_param(BUILT):
        return False
    env = env(user=SUPERUSER_ID, context={**env.context, **QUIET})
    ctx = make_context(env, seed, activity)
    everything = steps(ctx)
    done, total = 0, sum(weight for _name, weight, _step in everything)
    for number, (name, weight, step) in enumerate(everything, 1):
        _logger.info(
            "crm_demo: step %d/%d (%d %%): %s", number, len(everything), 100 * done // total, name
        )
        step(env, random.Random(f"{seed}/{name}"), ctx)
        env.flush_all()
        done += weight
    parameters.set_param(BUILT, str(ctx.today))
    _logger.info("crm_demo: the demonstration company is ready (%d %%)", 100)
    return True


def make_context(env, seed, activity):
    """Return the context with the plan of the year."""
    today = fields.Date.context_today(env["res.company"])
    ctx = Context(today=today, months=months_of_the_year(today))
    ctx.customers = names.make_customers(random.Random(f"{seed}/customers"), CUSTOMERS)
    ctx.year = plan.make_year(
        today, random.Random(f"{seed}/year"), ctx.customers, ctx.months, activity
    )
    return ctx


def steps(ctx):
    """Return (name, weight, function) of every step; weights are seconds of a usual build."""
    return [
        ("company, chart of accounts and warehouse", 15, company.run),
        ("users, employees and sales teams", 8, people.run),
        ("products", 5, products.run),
        ("customers and contacts", 5, customers.run),
        ("vendors", 1, supply.create_vendors),
        ("opening balance", 1, accounting.open_books),
        ("commission plans", 2, commissions.set_up),
        ("leads and opportunities", 20, pipeline.run),
        *months_and_story(ctx),
        ("partner programme and a year of its purchases", 40, partner_programme.run),
        ("rebates of partners and vendors", 6, partner_rebates.run),
        ("deals that partners registered", 5, partner_deals.run),
        ("leads of channel partners", 3, partner_leads.run),
        ("content, news and quotations of channel partners", 3, partner_content.run),
        ("market development funds and statements of account", 6, partner_mdf.run),
        ("orders in the partner portal and a diversion case", 5, partner_portal.run),
        ("open quotations", 5, orders.run_open_quotations),
        ("contracts", 25, contracts.run),
        ("sold projects", 5, projects.run),
        ("commission statements", 5, commissions.run),
        ("quotas and the tree of the sales teams", 2, quota.run),
        ("forecasts, weekly snapshots and challenges", 8, forecast.run),
        ("an import of customers", 2, imports.run),
        ("validation rules", 1, validation.run),
        ("customers entered twice", 5, duplicates.run),
        ("approvals", 2, approvals.run),
        ("collections", 3, collections.run),
        ("levels, lifecycle and organisation of the customers", 4, customer_master.run),
        ("customer segments", 2, segments.run),
        ("territories, routing rules and first responses", 4, routing.run),
        ("value scores and data quality", 5, customer_value.run),
        ("merges of customers", 2, merges.run),
        ("discount authority and versions of quotations", 3, quotations.run),
        ("visits at customers", 4, visits.run),
        ("public pools", 5, pool.run),
        ("pipeline discipline", 10, discipline.run),
        ("activities that were done", 3, activities.run),
    ]


def months_and_story(ctx):
    """Return the steps of the months; the story is played before the months of its quarter.

    What is owed to a person is posted on the day of the last event of the quarter. The entries of
    the story therefore come before everything else that happens to its people in that quarter.
    """
    start, _end = story_quarter(ctx.today)
    result = []
    for first, last in ctx.months:
        if first == start:
            result.append(("the story of one deal", 8, story.run))
        business = functools.partial(month.run, month=(first, last))
        result.append((f"the business of {first:%B %Y}", 15, business))
    return result
