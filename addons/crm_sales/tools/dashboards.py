"""The spreadsheet dashboards of salespeople and managers.

The files in ``data/dashboards`` are what this says, and a test compares them. After a change call
``write()`` of this module in ``./suite shell``.
"""

from pathlib import Path

from odoo.addons.crm_customer.engine import dashboard
from odoo.addons.crm_customer.engine.dashboard import BLUE, DATE, GREEN, Dashboard

FOLDER = Path(__file__).resolve().parent.parent / "data" / "dashboards"
USER, TEAM = "filter-user", "filter-team"
#: per model: which field each filter means
MATCHING = {
    "crm.quota.report": {DATE: ("month", "date"), USER: "user_id", TEAM: "team_id"},
    "crm.opportunity.report": {DATE: ("date_closed", "datetime"), USER: "user_id", TEAM: "team_id"},
    "crm.outcome.report": {DATE: ("date", "date"), USER: "user_id", TEAM: "team_id"},
    "crm.lead": {USER: "user_id", TEAM: "team_id"},
    "crm.forecast.accuracy": {USER: "user_id", TEAM: "team_id"},
}

OPEN_LEADS = [["type", "=", "opportunity"], ["won_status", "=", "pending"]]
PEOPLE = [["quota_level", "in", [False, "person"]], ["quota_period", "in", [False, "quarter"]]]
OPEN, DECIDED = [["outcome", "=", "open"]], [["outcome", "!=", "open"]]

#: title, measure, second measure below it, what it is, menu it opens
QUOTA_CARDS = [
    ("Booked", "booked", "quota_booked", "crm_sales.crm_achievement_menu"),
    ("Invoiced", "invoiced", "quota_invoiced", "crm_sales.crm_achievement_menu"),
    ("Collected", "collected", "quota_collected", "crm_sales.crm_achievement_menu"),
]


def filters(mine):
    """Return the global filters; ``mine`` starts with the reader's own figures."""
    user = {"id": USER, "type": "relation", "label": "Salesperson", "modelName": "res.users"}
    if mine:
        user["defaultValue"] = {"operator": "in", "ids": "current_user"}
    team = {"id": TEAM, "type": "relation", "label": "Sales Team", "modelName": "crm.team"}
    return [dashboard.period(), user, team]


ACHIEVED = {
    "kind": "bar",
    "model": "crm.quota.report",
    "domain": PEOPLE,
    "menu": "crm_sales.crm_quota_report_menu",
    "action": "crm_sales.crm_quota_report_action",
}
PIPELINE = {
    "kind": "bar",
    "model": "crm.lead",
    "measure": "expected_revenue",
    "domain": OPEN_LEADS,
    "menu": "crm_sales.crm_opportunity_report_menu_pipeline",
    "action": "crm.crm_lead_action_pipeline",
}
WINS = {
    "kind": "bar",
    "model": "crm.opportunity.report",
    "domain": DECIDED,
    "menu": "crm_sales.crm_opportunity_report_menu",
    "action": "crm_sales.crm_opportunity_report_action",
}
WORK = {
    "kind": "bar",
    "model": "crm.outcome.report",
    "menu": "crm_sales.crm_outcome_report_menu",
    "action": "crm_sales.crm_outcome_report_action",
}
LEADS = ("crm.menu_crm_opportunities", "crm.crm_lead_action_pipeline")


def quota_cards(board):
    """Add booked, invoiced and collected, each against its quota."""
    board.cards(
        [
            (title, "crm.quota.report", measure, base, PEOPLE, menu, BLUE)
            for title, measure, base, menu in QUOTA_CARDS
        ]
        + [
            (
                "Win Rate (%)",
                "crm.opportunity.report",
                "win_rate",
                None,
                DECIDED,
                "crm_sales.crm_opportunity_report_menu",
                GREEN,
            ),
            (
                "Days to Close",
                "crm.opportunity.report",
                "cycle_days",
                None,
                DECIDED,
                "crm_sales.crm_opportunity_report_menu",
                GREEN,
            ),
        ]
    )


def salesperson():
    """Return the dashboard of a salesperson: their aims, what is open, what to do next."""
    board = Dashboard("salesperson", MATCHING)
    quota_cards(board)
    board.charts(
        {**ACHIEVED, "title": "Invoiced by Month", "measure": "invoiced", "group": ["month:month"]},
        {**ACHIEVED, "title": "Collected by Month", "measure": "collected",
         "group": ["month:month"]},
    )  # fmt: skip
    board.charts(
        {**PIPELINE, "title": "Open Pipeline by Expected Closing", "stacked": True,
         "group": ["date_deadline:month", "forecast_category"]},
        {**PIPELINE, "title": "Open Pipeline by Stage", "kind": "funnel", "group": ["stage_id"]},
    )  # fmt: skip
    board.charts(
        {**WORK, "title": "Activities Done", "measure": "activities",
         "group": ["date:month", "activity_type_id"], "stacked": True},
        {**WINS, "title": "Win Rate by Source", "measure": "win_rate", "group": ["source_id"]},
    )  # fmt: skip
    columns = ["name", "partner_id", "stage_id", "forecast_category", "date_deadline"]
    columns.append("expected_revenue")
    board.table(
        "Largest Open Opportunities", "crm.lead", columns, OPEN_LEADS, "expected_revenue", LEADS
    )
    return board.build(filters(mine=True))


def manager():
    """Return the dashboard of a sales manager: aims, forecast and quality of the teams."""
    board = Dashboard("manager", MATCHING)
    quota_cards(board)
    board.charts(
        {**ACHIEVED, "title": "Attainment by Salesperson (%)", "measure": "attainment_invoiced",
         "group": ["user_id"]},
        {**ACHIEVED, "title": "Invoiced by Team", "kind": "line", "measure": "invoiced",
         "group": ["month:month", "team_id"]},
    )  # fmt: skip
    board.charts(
        {**PIPELINE, "title": "Open Pipeline by Forecast", "stacked": True,
         "group": ["date_deadline:month", "forecast_category"]},
        {**PIPELINE, "title": "Open Pipeline by Salesperson", "kind": "treemap",
         "group": ["team_id", "user_id"]},
    )  # fmt: skip
    board.charts(
        {**WINS, "title": "Win Rate by Team (%)", "measure": "win_rate", "group": ["team_id"]},
        {**WINS, "title": "Win Rate by Source (%)", "measure": "win_rate",
         "group": ["source_id"]},
        {**WINS, "title": "Days to Close by Team", "measure": "cycle_days",
         "group": ["team_id"]},
    )  # fmt: skip
    board.charts(
        {**WORK, "title": "Activities and Wins by Salesperson", "measure": "activities",
         "group": ["user_id", "activity_type_id"], "stacked": True},
        {"kind": "line", "title": "Forecast Error by Weeks before Close (%)",
         "model": "crm.forecast.accuracy", "measure": "error_call", "group": ["weeks_left"],
         "domain": [["is_over", "=", True]], "menu": "crm_sales.crm_forecast_accuracy_menu",
         "action": "crm_sales.crm_forecast_accuracy_action"},
    )  # fmt: skip
    columns = ["name", "user_id", "stage_id", "forecast_category", "date_deadline"]
    columns.append("expected_revenue")
    board.table(
        "Largest Open Opportunities", "crm.lead", columns, OPEN_LEADS, "expected_revenue", LEADS
    )
    return board.build(filters(mine=False))


DASHBOARDS = {"salesperson": salesperson, "manager": manager}


def build(name):
    """Return the data of a dashboard as its file holds it."""
    return dashboard.plain(DASHBOARDS[name]())


def write():
    """Write every dashboard to its file."""
    dashboard.write(FOLDER, DASHBOARDS)
