"""Writes data/files/territory_dashboard.json; run it after a change: python3 PATH_OF_THIS_FILE.

Maps exist of the world and of the states of the USA, so provinces of other countries are shown as
bars and as a tree map.
"""

import json
from pathlib import Path

TEAM, USER = "f0f1-team", "f0f2-user"
OPEN = [["won_status", "=", "pending"]]


def matching():
    """Return by which fields the two global filters, team and salesperson, narrow a source."""
    return {
        TEAM: {"chain": "team_id", "type": "many2one"},
        USER: {"chain": "user_id", "type": "many2one"},
    }


def chart(name, kind, title, model, group_by, measure, place, action, domain=(), **more):
    """Return one chart that opens its records."""
    left, top, width, height = place
    definition = {
        "title": {"text": title, "bold": True, "color": "#01666B"},
        "background": "#FFFFFF",
        "legendPosition": "none" if len(group_by) == 1 else "top",
        "metaData": {
            "groupBy": group_by,
            "measure": measure,
            "order": "DESC" if kind == "odoo_bar" else None,
            "resModel": model,
            "mode": "line" if kind == "odoo_line" else "bar",
        },
        "searchParams": {
            "comparison": None,
            "context": {},
            "domain": list(domain),
            "groupBy": group_by,
            "orderBy": [],
        },
        "type": kind,
        "actionXmlId": action,
        "dataSets": [{}],
        "chartId": name,
        "fieldMatching": matching(),
        **more,
    }
    return {
        "id": name,
        "tag": "chart",
        "width": width,
        "height": height,
        "offset": {"x": left, "y": top},
        "col": 0,
        "row": 0,
        "data": definition,
    }


def scorecard(number, title, cell, left):
    """Return a figure that shows one cell, ``left`` pixels from the edge of the sheet."""
    return {
        "id": f"score-{number}",
        "tag": "chart",
        "width": 240,
        "height": 100,
        "offset": {"x": left, "y": 10},
        "col": 0,
        "row": 0,
        "data": {
            "title": {"text": title, "bold": True, "color": "#434343"},
            "type": "scorecard",
            "background": "#EFF6FF",
            "baseline": "",
            "baselineMode": "text",
            "baselineColorUp": "#00A04A",
            "baselineColorDown": "#DC6965",
            "keyValue": cell,
            "humanize": True,
            "chartId": f"score-{number}",
        },
    }


def pivot(number, name, model, measures, domain=()):
    """Return a data source for the ``PIVOT.VALUE`` formulas, numbered as they name it.

    :param measures: ``field:aggregator``; ``__count`` counts the records
    """
    return {
        "type": "ODOO",
        "fieldMatching": matching(),
        "context": {},
        "domain": list(domain),
        "id": str(number),
        "formulaId": str(number),
        "measures": [{"id": one, "fieldName": one.split(":")[0]} for one in measures],
        "model": model,
        "name": name,
        "sortedColumn": None,
        "columns": [],
        "rows": [],
    }


def sheet(identifier, name, figures=(), cells=None, rows=100):
    """Return an empty sheet of the format of o-spreadsheet with these figures and cells."""
    return {
        "id": identifier,
        "name": name,
        "colNumber": 26,
        "rowNumber": rows,
        "rows": {},
        "cols": {},
        "merges": [],
        "cells": cells or {},
        "styles": {},
        "formats": {},
        "borders": {},
        "conditionalFormats": [],
        "dataValidationRules": [],
        "figures": list(figures),
        "tables": [],
        "areGridLinesVisible": False,
        "isVisible": True,
        "headerGroups": {"ROW": [], "COL": []},
        "comments": {},
    }


def main():
    """Write the dashboard's JSON, the same bytes for the same code."""
    leads, responses = "crm.lead", "crm.lead.response.report"
    open_leads = "crm.crm_lead_all_leads"
    report = "crm_sales.crm_lead_response_report_action"
    figures = [
        scorecard(1, "Open Leads", "Data!B1", 0),
        scorecard(2, "Expected Revenue", "Data!B2", 250),
        scorecard(3, "Answered in Time (%)", "Data!B3", 500),
        scorecard(4, "Not Answered in Time", "Data!B4", 750),
        chart(
            "map", "odoo_geo", "Expected Revenue by Country", leads, ["country_id"],
            "expected_revenue", (0, 130, 540, 380), open_leads, OPEN, colorScale="blues",
            region="world",
        ),
        chart(
            "provinces", "odoo_bar", "Expected Revenue by Province", leads, ["state_id"],
            "expected_revenue", (555, 130, 540, 380), open_leads,
            [*OPEN, ["state_id", "!=", False]], horizontal=True, stacked=False,
        ),
        chart(
            "territories", "odoo_bar", "Open Leads by Territory", leads, ["territory_id"],
            "__count", (0, 530, 540, 340), open_leads, [*OPEN, ["territory_id", "!=", False]],
            horizontal=True, stacked=False,
        ),
        chart(
            "places", "odoo_treemap", "Where the Pipeline Is", leads,
            ["country_id", "state_id"], "expected_revenue", (555, 530, 540, 340), open_leads, OPEN,
        ),
        chart(
            "responses", "odoo_bar", "First Responses by Salesperson", responses,
            ["user_id", "state"], "__count", (0, 890, 540, 340), report, stacked=True,
        ),
        chart(
            "hours", "odoo_line", "Working Hours to the First Response", responses,
            ["start:week"], "response_hours", (555, 890, 540, 340), report,
            [["responded_at", "!=", False]], cumulatedStart=False, stacked=False,
        ),
    ]  # fmt: skip
    cells = {
        "A1": "Open Leads",
        "B1": '=PIVOT.VALUE(1,"__count")',
        "A2": "Expected Revenue",
        "B2": '=PIVOT.VALUE(1,"expected_revenue:sum")',
        "A3": "Answered in Time (%)",
        "B3": '=PIVOT.VALUE(2,"met_rate:avg")',
        "A4": "Not Answered in Time",
        "B4": '=PIVOT.VALUE(2,"breached:sum")',
    }
    data = {
        "version": "18.5.10",
        "sheets": [sheet("dashboard", "Dashboard", figures), sheet("data", "Data", cells=cells)],
        "styles": {},
        "formats": {},
        "borders": {},
        "revisionId": "START_REVISION",
        "uniqueFigureIds": True,
        "settings": {
            "locale": {
                "name": "English (US)",
                "code": "en_US",
                "thousandsSeparator": ",",
                "decimalSeparator": ".",
                "dateFormat": "mm/dd/yyyy",
                "timeFormat": "hh:mm:ss",
                "formulaArgSeparator": ",",
                "weekStart": 7,
            }
        },
        "pivots": {
            "1": pivot(1, "Leads", leads, ["__count", "expected_revenue:sum"], OPEN),
            "2": pivot(2, "Responses", responses, ["met_rate:avg", "breached:sum"]),
        },
        "pivotNextId": 3,
        "customTableStyles": {},
        "globalFilters": [
            {"id": TEAM, "type": "relation", "label": "Sales Team", "modelName": "crm.team"},
            {"id": USER, "type": "relation", "label": "Salesperson", "modelName": "res.users"},
        ],
        "lists": {},
        "listNextId": 1,
        "chartOdooMenusReferences": {
            "score-1": "crm.crm_menu_leads",
            "score-2": "crm.crm_menu_leads",
            "score-3": "crm_sales.crm_lead_response_report_menu",
            "score-4": "crm_sales.crm_lead_response_report_menu",
        },
    }
    target = Path(__file__).parent / "files" / "territory_dashboard.json"
    target.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
