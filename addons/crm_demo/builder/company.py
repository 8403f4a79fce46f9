"""The company: language, chart of accounts, perpetual valuation, warehouse, features in use."""

from odoo import Command

from . import tables

CHART = "cn_large_bis"
STOCK_ACCOUNT = "l10n_cn_common_account_1405"
FEATURES = (
    "crm.group_use_lead",
    "sale.group_discount_per_so_line",
    "stock.group_production_lot",
    "stock.group_lot_on_delivery_slip",
    "uom.group_uom",
)


def run(env, rng, ctx):
    """Turn the main company of the database into the demonstration company."""
    ctx.company = env.ref("base.main_company")
    install_chinese(env)
    describe(env, ctx.company)
    load_chart(env, ctx.company)
    value_stock(env, ctx.company)
    turn_on_features(env)
    keep_data_at_home(env)


def install_chinese(env):
    """Make Chinese one click away; English stays the language of the database."""
    lang = env["res.lang"].with_context(active_test=False).search([("code", "=", "zh_CN")])
    if not lang.active:
        wizard = env["base.language.install"].create({"lang_ids": [Command.set(lang.ids)]})
        wizard.lang_install()
        env["ir.module.module"]._load_module_terms(["crm_demo"], ["zh_CN"])


def describe(env, company):
    """Name, address and country of the company and of its warehouse."""
    shanghai = env.ref("base.state_cn_SH")
    company.write(
        {
            **tables.COMPANY,
            "state_id": shanghai.id,
            "country_id": shanghai.country_id.id,
            "account_fiscal_country_id": shanghai.country_id.id,
        }
    )
    company.partner_id.tz = "Asia/Shanghai"
    warehouse = env["stock.warehouse"].search([("company_id", "=", company.id)], limit=1)
    warehouse.write({"name": "上海总仓 Shanghai Warehouse", "partner_id": company.partner_id.id})
    company.resource_calendar_id.tz = "Asia/Shanghai"


def load_chart(env, company):
    """Replace the chart that Odoo guessed by the Chinese one.

    The method behind ``try_loading`` is called because modules are still being loaded, which
    ``try_loading`` warns about; all the modules with accounts of this company are there by now.
    A chart that Odoo would guess at the end of the installation is no longer wanted.
    """
    if company.chart_template != CHART:
        env["account.chart.template"]._load(CHART, company, install_demo=False)
    if hasattr(env.registry, "_auto_install_template"):
        del env.registry._auto_install_template


def value_stock(env, company):
    """Perpetual valuation at average cost on account 1405."""
    stock = env["account.chart.template"].with_company(company).ref(STOCK_ACCOUNT)
    variation = company.account_stock_valuation_id.account_stock_variation_id
    stock.account_stock_variation_id = stock.account_stock_variation_id or variation
    company.write(
        {
            "inventory_valuation": "real_time",
            "cost_method": "average",
            "account_stock_valuation_id": stock.id,
        }
    )


def turn_on_features(env):
    """Switch on for every internal user what the demonstration shows."""
    features = [Command.link(env.ref(xml_id).id) for xml_id in FEATURES]
    env.ref("base.group_user").write({"implied_ids": features})


def keep_data_at_home(env):
    """Leads of the demonstration are not sent to any enrichment service."""
    env["ir.config_parameter"].set_param("crm.iap.lead.enrich.setting", "manual")
