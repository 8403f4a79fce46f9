"""Spreadsheet dashboards, written in Python: scorecards, charts and lists from top to bottom.

Pure standard library. An addon describes its dashboards, writes them to files with :func:`write`
and has a test that the files are what the description says; Odoo checks every field and menu when
it loads them with tests enabled. Their texts are translated like those of the addon: titles and
``_t("…")`` are terms.
"""

import json

VERSION = "18.5.10"
WIDTH, GAP = 1000, 10
BLUE, ORANGE, GREEN = "#EFF6FF", "#FFF7ED", "#F0FDF4"
DATE = "filter-period"


class Dashboard:
    """Collects figures from top to bottom and makes the data of a spreadsheet of them."""

    def __init__(self, name, matching):
        """``matching`` says per model which field each filter means, by the filter's id."""
        self.name, self.matching = name, matching
        self.figures, self.menus, self.pivots, self.lists = [], {}, {}, {}
        self.cells, self.data = {}, {}
        self.top = 10

    # -- parts --

    def cards(self, rows):
        """Add a line of scorecards.

        A row is (title, model, measure, what it is compared with, domain, menu, colour).
        """
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
        for name, field in self.matching[model].items():
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


def period(default="this_quarter"):
    """Return the filter of the period."""
    return {"id": DATE, "type": "date", "label": "Period", "defaultValue": default}


def charts(data):
    """Return the definitions of the charts and scorecards of a dashboard."""
    return [figure["data"] for sheet in data["sheets"] for figure in sheet["figures"]]


def plain(data):
    """Return the data of a dashboard as its file holds it.

    >>> plain({"cells": (1, 2)})
    {'cells': [1, 2]}
    """
    return json.loads(json.dumps(data))


def write(folder, dashboards):
    """Write dashboards, functions by name, to ``<name>_dashboard.json`` in a ``pathlib.Path``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in dashboards.items():
        text = json.dumps(plain(make()), indent=2, ensure_ascii=False, sort_keys=True)
        (folder / f"{name}_dashboard.json").write_text(text + "\n", encoding="utf-8")
