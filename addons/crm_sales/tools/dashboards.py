"""Writes the spreadsheet dashboards: ``python addons/crm_sales/tools/dashboards.py``.

Standard library only. The files in ``data/dashboards`` are what this says, and a test compares
them; Odoo checks every field and menu in them when it loads them with tests enabled. Their texts
are translated like those of the addon: titles and ``_t("…")`` are terms.
"""

import json
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "data" / "dashboards"
VERSION = "18.5.10"
WIDTH, GAP = 1000, 10
BLUE, ORANGE, GREEN = "#EFF6FF", "#FFF7ED", "#F0FDF4"

DATE, USER, TEAM = "filter-period", "filter-user", "filter-team"
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


class Dashboard:
    """Collects figures from top to bottom and makes the data of a spreadsheet of them."""

    def __init__(self, name):
        self.name = name
        self.figures, self.menus, self.pivots, self.lists = [], {}, {}, {}
        self.cells, self.data = {}, {}
        self.top = 10

    # -- parts --

    def cards(self, rows):
        """Add a line of scorecards: (title, model, measure, compared with, domain, menu)."""
        width = (WIDTH - GAP * (len(rows) - 1)) // len(rows)
        for index, (title, model, measure, base, domain, menu, color) in enumerate(rows):
            line = len(self.data) // 3 + 1
            pivot = self._pivot(model, [name for name in (measure, base) if name], domain, title)
            self.data[f"A{line}"] = f'=_t("{title}")'
            self.data[f"B{line}"] = f'=FORMAT.LARGE.NUMBER(PIVOT.VALUE({pivot},"{measure}"))'
            self.data[f"C{line}"] = (
                f'=FORMAT.LARGE.NUMBER(PIVOT.VALUE({pivot},"{base}"))' if base else "=0"
            )
            chart = {
                "type": "scorecard",
                "title": {"text": title, "bold": True, "color": "#434343"},
                "background": color,
                "keyValue": f"Data!B{line}",
                "baselineMode": "text",
                "baselineDescr": {"text": "quota" if base else ""},
                "baselineColorUp": "#00A04A",
                "baselineColorDown": "#DC6965",
                "humanize": False,
            }
            if base:
                chart["baseline"] = f"Data!C{line}"
            self._figure(chart, index * (width + GAP), width, 100, menu)
        self.top += 100 + GAP

    def charts(self, *rows, height=300):
        """Add a line of charts: dictionaries with kind, title, model, measure, group and menu."""
        width = (WIDTH - GAP * (len(rows) - 1)) // len(rows)
        for index, row in enumerate(rows):
            self._figure(self._chart(row), index * (width + GAP), width, height, row["menu"])
        self.top += height + GAP

    def table(self, title, model, columns, domain, order, menu, count=10):
        """Add a list of the first records; every row opens its record."""
        number = str(len(self.lists) + 1)
        self.lists[number] = {
            "id": number,
            "name": title,
            "model": model,
            "columns": columns,
            "domain": domain,
            "context": {},
            "orderBy": [{"name": order, "asc": False}],
            "fieldMatching": self._matching(model),
            "actionXmlId": menu[1],
        }
        start = (self.top + 22) // 23 + 1
        self.cells[f"A{start}"] = f"[{title}](odoo://ir_menu_xml_id/{menu[0]})"
        for column, field in zip("ABCDEF", columns, strict=False):
            self.cells[f"{column}{start + 1}"] = f'=ODOO.LIST.HEADER({number},"{field}")'
            for line in range(1, count + 1):
                cell = f"{column}{start + 1 + line}"
                self.cells[cell] = f'=ODOO.LIST({number},{line},"{field}")'
        self.title_row, self.head_row = start, start + 1
        self.top = (start + count + 2) * 23

    # -- pieces --

    def _matching(self, model):
        found = {}
        for name, field in MATCHING[model].items():
            chain, kind = field if isinstance(field, tuple) else (field, "many2one")
            found[name] = {"chain": chain, "type": kind}
            if name == DATE:
                found[name]["offset"] = 0
        return found

    def _pivot(self, model, measures, domain, title):
        number = str(len(self.pivots) + 1)
        self.pivots[number] = {
            "id": number,
            "formulaId": number,
            "type": "ODOO",
            "name": title,
            "model": model,
            "measures": [{"id": name, "fieldName": name} for name in measures],
            "rows": [],
            "columns": [],
            "domain": domain,
            "context": {},
            "sortedColumn": None,
            "fieldMatching": self._matching(model),
        }
        return number

    def _chart(self, row):
        kind, groups = row["kind"], row["group"]
        chart = {
            "type": f"odoo_{kind}",
            "title": {"text": row["title"], "bold": True, "color": "#434343"},
            "background": "#FFFFFF",
            "legendPosition": "top" if len(groups) > 1 else "none",
            "metaData": {
                "groupBy": groups,
                "measure": row["measure"],
                "order": row.get("order"),
                "resModel": row["model"],
                "mode": "line" if kind == "line" else "bar",
            },
            "searchParams": {
                "comparison": None,
                "context": {},
                "domain": row.get("domain", []),
                "groupBy": groups,
                "orderBy": [],
            },
            "dataSets": [{}],
            "actionXmlId": row["action"],
            "fieldMatching": self._matching(row["model"]),
        }
        if kind in ("bar", "line"):
            chart |= {"verticalAxisPosition": "left", "stacked": row.get("stacked", False)}
        if kind == "bar" and row.get("horizontal"):
            chart["horizontal"] = True
        if kind == "line":
            chart |= {"fillArea": True, "cumulatedStart": False}
            chart["metaData"]["cumulatedStart"] = False
        return chart

    def _figure(self, chart, left, width, height, menu):
        name = f"{self.name}-{len(self.figures) + 1}"
        chart["chartId"] = name
        self.menus[name] = menu
        self.figures.append(
            {
                "id": name,
                "tag": "chart",
                "width": width,
                "height": height,
                "col": 0,
                "row": 0,
                "offset": {"x": left, "y": self.top},
                "data": chart,
            }
        )

    # -- whole --

    def build(self, filters):
        """Return the data of the spreadsheet."""
        styles = {"1": {"bold": True, "fontSize": 14, "textColor": "#01666b"}}
        styles |= {"2": {"bold": True, "textColor": "#434343"}}
        look = {f"A{self.title_row}": 1, f"A{self.head_row}:F{self.head_row}": 2}
        return {
            "version": VERSION,
            "revisionId": "START_REVISION",
            "uniqueFigureIds": True,
            "sheets": [
                self._sheet("dashboard", "Dashboard", self.cells, self.figures, look),
                self._sheet("data", "Data", self.data, [], {}),
            ],
            "styles": styles,
            "formats": {},
            "borders": {},
            "settings": {"locale": LOCALE},
            "pivots": self.pivots,
            "pivotNextId": len(self.pivots) + 1,
            "customTableStyles": {},
            "globalFilters": filters,
            "lists": self.lists,
            "listNextId": len(self.lists) + 1,
            "chartOdooMenusReferences": self.menus,
        }

    def _sheet(self, identifier, name, cells, figures, styles):
        return {
            "id": identifier,
            "name": name,
            "colNumber": 6,
            "rowNumber": max(60, self.top // 23 + 4),
            "rows": {},
            "cols": {
                "0": {"size": 300},
                **{str(number): {"size": 140} for number in range(1, 6)},
            },
            "merges": [],
            "cells": cells,
            "styles": styles,
            "formats": {},
            "borders": {},
            "conditionalFormats": [],
            "dataValidationRules": [],
            "figures": figures,
            "tables": [],
            "areGridLinesVisible": True,
            "isVisible": True,
            "headerGroups": {"ROW": [], "COL": []},
            "comments": {},
        }


LOCALE = {
    "name": "English (US)",
    "code": "en_US",
    "thousandsSeparator": ",",
    "decimalSeparator": ".",
    "dateFormat": "mm/dd/yyyy",
    "timeFormat": "hh:mm:ss",
    "formulaArgSeparator": ",",
    "weekStart": 7,
}


def filters(mine):
    """Return the global filters; ``mine`` starts with the reader's own figures."""
    period = {"id": DATE, "type": "date", "label": "Period", "defaultValue": "this_quarter"}
    user = {"id": USER, "type": "relation", "label": "Salesperson", "modelName": "res.users"}
    if mine:
        user["defaultValue"] = {"operator": "in", "ids": "current_user"}
    team = {"id": TEAM, "type": "relation", "label": "Sales Team", "modelName": "crm.team"}
    return [period, user, team]


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
    board = Dashboard("salesperson")
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
    board = Dashboard("manager")
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
    """Return the data of a dashboard as its file holds it.

    >>> sorted(build("manager"))[:3]
    ['borders', 'chartOdooMenusReferences', 'customTableStyles']
    """
    return json.loads(json.dumps(DASHBOARDS[name]()))


def charts(data):
    """Return the definitions of the charts and scorecards of a dashboard."""
    return [figure["data"] for sheet in data["sheets"] for figure in sheet["figures"]]


def write():
    """Write every dashboard to its file."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in DASHBOARDS:
        text = json.dumps(build(name), indent=2, ensure_ascii=False, sort_keys=True)
        (FOLDER / f"{name}_dashboard.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
