"""The spreadsheet dashboard of channel managers.

The file in ``data/dashboards`` is what this says, and a test compares them. After a change call
``write()`` of this module in ``./suite shell``.
"""

from pathlib import Path

from odoo.addons.crm_customer.engine import dashboard
from odoo.addons.crm_customer.engine.dashboard import BLUE, DATE, GREEN, ORANGE, Dashboard

FOLDER = Path(__file__).resolve().parent.parent / "data" / "dashboards"

GRADE, USER = "filter-grade", "filter-user"
#: per model: which field each filter means
MATCHING = {
    "crm.partner.sales.report": {DATE: ("date", "date"), GRADE: "grade_id"},
    "crm.deal.registration.report": {
        DATE: ("submitted_at", "datetime"),
        GRADE: "grade_id",
        USER: "user_id",
    },
    "crm.partner.lead.report": {DATE: ("offered_at", "datetime"), GRADE: "grade_id"},
    "crm.rebate.period": {DATE: ("date_to", "date"), USER: "user_id"},
    "crm.mdf.request": {DATE: ("date_from", "date"), USER: "user_id"},
    "crm.partner.scorecard": {GRADE: "grade_id", USER: "user_id"},
}

SALES = {
    "kind": "bar",
    "model": "crm.partner.sales.report",
    "menu": "crm_partner.crm_partner_sales_report_menu",
    "action": "crm_partner.crm_partner_sales_report_action",
}
DEALS = {
    "kind": "bar",
    "model": "crm.deal.registration.report",
    "menu": "crm_partner.crm_deal_registration_report_menu",
    "action": "crm_partner.crm_deal_registration_report_action",
}
LEADS = {
    "kind": "bar",
    "model": "crm.partner.lead.report",
    "menu": "crm_partner.crm_partner_lead_report_menu",
    "action": "crm_partner.crm_partner_lead_report_action",
}
REBATES = {
    "kind": "bar",
    "model": "crm.rebate.period",
    "domain": [["direction", "=", "customer"]],
    "menu": "crm_partner.crm_rebate_period_menu_accruals",
    "action": "crm_partner.crm_rebate_period_action_accruals",
}
FUNDS = {
    "kind": "bar",
    "model": "crm.mdf.request",
    "domain": [["settled", ">", 0]],
    "menu": "crm_partner.crm_mdf_request_menu_roi",
    "action": "crm_partner.crm_mdf_request_action_roi",
}


def card(title, source, measure, color):
    """Return a scorecard of a measure, as :meth:`Dashboard.cards` takes it."""
    domain = source.get("domain", [])
    return title, source["model"], measure, None, domain, source["menu"], color


def channel():
    """Return the dashboard of a channel manager: share, deals, leads, rebates and funds."""
    board = Dashboard("channel", MATCHING)
    board.cards(
        [
            card("Sold through Partners", SALES, "partner_amount", BLUE),
            card("Channel Share (%)", SALES, "share", BLUE),
            card("Registered Deals", DEALS, "registrations", GREEN),
            card("Conflict Rate (%)", DEALS, "conflict_rate", ORANGE),
            card("Hours to Decision", DEALS, "hours", ORANGE),
        ]
    )
    board.charts(
        {**SALES, "title": "Revenue by Channel", "measure": "amount", "stacked": True,
         "group": ["date:month", "channel"]},
        {**SALES, "title": "Revenue of Partners by Level", "kind": "treemap",
         "domain": [["channel", "=", "partner"]], "measure": "amount",
         "group": ["grade_id", "partner_id"]},
    )  # fmt: skip
    board.charts(
        {**DEALS, "title": "Registered Deals by Status", "measure": "registrations",
         "stacked": True, "group": ["submitted_at:month", "state"]},
        {**LEADS, "title": "Leads Offered and What Became of Them", "measure": "offered",
         "stacked": True, "group": ["partner_id", "state"]},
    )  # fmt: skip
    board.charts(
        {**REBATES, "title": "Rebates Held by Agreement", "measure": "balance",
         "group": ["agreement_name"]},
        {**FUNDS, "title": "Revenue Won with Fund Money", "measure": "won_revenue",
         "group": ["partner_id"]},
    )  # fmt: skip
    columns = ["partner_id", "grade_id", "purchases", "overdue", "registrations", "deals_won"]
    menu = "crm_partner.crm_partner_scorecard_menu", "crm_partner.crm_partner_scorecard_action"
    board.table("Partners", "crm.partner.scorecard", columns, [], "purchases", menu)
    return board.build(filters())


def filters():
    """Return the global filters."""
    level = {"id": GRADE, "type": "relation", "label": "Level", "modelName": "res.partner.grade"}
    user = {"id": USER, "type": "relation", "label": "Channel Manager", "modelName": "res.users"}
    return [dashboard.period("this_year"), level, user]


DASHBOARDS = {"channel": channel}


def build(name):
    """Return the data of a dashboard as its file holds it."""
    return dashboard.plain(DASHBOARDS[name]())


def write():
    """Write every dashboard to its file."""
    dashboard.write(FOLDER, DASHBOARDS)
