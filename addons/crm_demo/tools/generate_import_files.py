#!/usr/bin/env python3
"""Write the CSV files of ``data/import``: 1,000 leads, customers and products, messy as real ones.

Run from anywhere, without Odoo: ``python3 addons/crm_demo/tools/generate_import_files.py``.
The seed is fixed, so that the files only change when this program changes.
"""

import csv
import datetime
import random
from pathlib import Path

ADDON = Path(__file__).resolve().parent.parent

ROWS = 1000
DUPLICATES = 40
SEED = 7
FULL_WIDTH = {ord("0") + n: ord("０") + n for n in range(10)} | {ord("-"): "－", ord("("): "（"}


def load(name):
    """Import one of the pure modules of the builder without its package."""
    import importlib.util

    spec = importlib.util.spec_from_file_location(name, ADDON / "builder" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


NAMES, TABLES = load("names"), load("tables")


class Mess:
    """Spoils clean values the way people and old systems do; every value stays importable."""

    def __init__(self, rng):
        self.rng = rng

    def maybe(self, value, share=0.12):
        """Return the value, or nothing in ``share`` of the cases."""
        return "" if self.rng.random() < share else value

    def spaces(self, text):
        """Add stray spaces around, or a full-width space inside."""
        roll = self.rng.random()
        if roll < 0.08:
            return f" {text}"
        if roll < 0.16:
            return f"{text}  "
        return f"\u3000{text}" if roll < 0.2 else text

    def phone(self, number):
        """Write a phone number in one of the ways found in address books."""
        bare = number.replace("+86 ", "")
        digits = bare.replace(" ", "")
        return self.rng.choice(
            (
                number,
                bare,
                digits,
                f"+86{digits}",
                f"0086-{digits}",
                f"({bare[:3]}){bare[4:]}",
                bare.replace(" ", "-"),
                digits.translate(FULL_WIDTH),
                f"{digits} 转 806",
            )
        )

    def email(self, address):
        """Change case, or add the spaces that copying leaves behind."""
        return self.rng.choice((address, address, address, address.upper(), f" {address} "))

    def amount(self, value):
        """Write an amount plain, with separators, with decimals or with the sign of the yuan."""
        return self.rng.choice((f"{value:.2f}", f"{value:,.2f}", f"¥{value:,.2f}", f"{value:.2f} "))

    def date(self, day):
        """Write a date with or without leading zeros, always year/month/day."""
        padded = day.strftime("%Y/%m/%d")
        return self.rng.choice((padded, padded, f"{day.year}/{day.month}/{day.day}"))

    def duplicate(self, rows, columns):
        """Insert repeated rows, some with another spelling in one of ``columns``."""
        for _n in range(DUPLICATES):
            row = list(self.rng.choice(rows))
            if self.rng.random() < 0.6:
                column = self.rng.choice(columns)
                row[column] = self.spaces(row[column].strip()) or row[column]
            rows.insert(self.rng.randrange(len(rows)), row)
        return rows[:ROWS]


def customers(rng, mess):
    """Return header and rows for ``res.partner``."""
    header = [
        "Name",
        "Is a Company",
        "Street",
        "City",
        "Zip",
        "State",
        "Country",
        "Phone",
        "Email",
        "Website Link",
        "Reference",
        "Tags",
        "Notes",
    ]
    rows = [customer_row(rng, mess, number) for number in range(ROWS - DUPLICATES)]
    return header, mess.duplicate(rows, (0, 2))


def brand(rng):
    """Return two random syllables of a company name."""
    return rng.choice(NAMES.BRAND_FIRST), rng.choice(NAMES.BRAND_SECOND)


STATES = {
    "SH": "上海市",
    "JS": "江苏省",
    "ZJ": "浙江省",
    "AH": "安徽省",
    "SD": "山东省",
    "GD": "广东省",
    "FJ": "福建省",
    "HN": "湖南省",
    "HB": "湖北省",
    "SC": "四川省",
}


def customer_row(rng, mess, number):
    """Return one customer: a company, or every tenth time a person."""
    row = NAMES.chinese_customer(rng, brand(rng))
    person = number % 10 == 0
    name = row.contacts[0].name if person else row.name
    return [
        mess.spaces(name),
        rng.choice(("0", "no", "False")) if person else rng.choice(("1", "yes", "TRUE")),
        mess.maybe(mess.spaces(row.street)),
        mess.maybe(row.city),
        mess.maybe(row.zip, 0.3),
        mess.maybe(STATES[row.state], 0.25),
        mess.maybe("China", 0.2),
        mess.maybe(mess.phone(row.phone)),
        mess.maybe(mess.email(row.email)),
        mess.maybe(row.website, 0.5),
        mess.maybe(f"KH{number:05d}", 0.4),
        mess.maybe(row.trade, 0.4),
        mess.maybe(
            rng.choice(("老客户", "展会名片", "Key account, call first", "付款慢\n先款后货")), 0.7
        ),
    ]


def leads(rng, mess):
    """Return header and rows for ``crm.lead``."""
    header = [
        "Opportunity",
        "Type",
        "Company Name",
        "Contact Name",
        "Job Position",
        "Email",
        "Phone",
        "City",
        "Expected Revenue",
        "Expected Closing",
        "Priority",
        "Tags",
        "Notes",
    ]
    rows = [lead_row(rng, mess) for _n in range(ROWS - DUPLICATES)]
    return header, mess.duplicate(rows, (0, 2, 3))


def lead_row(rng, mess):
    """Return one lead."""
    row = NAMES.chinese_customer(rng, brand(rng))
    contact = row.contacts[0]
    project = rng.choice(TABLES.PROJECTS)
    day = datetime.date(2026, 1, 1) + datetime.timedelta(days=rng.randrange(360))
    return [
        mess.spaces(rng.choice(project)),
        rng.choice(("Lead", "Opportunity", "Opportunity")),
        mess.spaces(row.name),
        mess.maybe(contact.name),
        mess.maybe(contact.function, 0.3),
        mess.maybe(mess.email(contact.email)),
        mess.maybe(mess.phone(contact.phone)),
        mess.maybe(row.city),
        mess.maybe(mess.amount(rng.randrange(3, 400) * 500)),
        mess.maybe(mess.date(day), 0.25),
        mess.maybe(rng.choice(("Low", "Medium", "High", "Very High")), 0.3),
        mess.maybe(rng.choice(TABLES.TAGS)[0], 0.3),
        mess.maybe(
            rng.choice(("询价", "来自展会", "Asked for a data sheet", "旧泵漏水，\n急")), 0.6
        ),
    ]


def products(rng, mess):
    """Return header and rows for ``product.template``."""
    header = [
        "Name",
        "Internal Reference",
        "Product Type",
        "Track Inventory",
        "Product Category",
        "Sales Price",
        "Cost",
        "Weight",
        "Sales",
        "Sales Description",
    ]
    rows = [product_row(rng, mess, number) for number in range(ROWS - DUPLICATES)]
    return header, mess.duplicate(rows, (0, 9))


def product_row(rng, mess, number):
    """Return one product: a variation of the ones that the company sells."""
    base = rng.choice([row for row in TABLES.PRODUCTS if row.kind != "contract"])
    goods = base.kind != "service"
    cost = base.cost or 90
    return [
        mess.spaces(f"{rng.choice((base.name, base.name_zh))} #{number}"),
        mess.maybe(mess.spaces(f"{base.code}-{number:04d}"), 0.1),
        "Goods" if goods else "Service",
        rng.choice(("1", "yes", "TRUE")) if goods else "0",
        TABLES.CATEGORIES[base.kind],
        mess.amount(base.price * rng.uniform(0.8, 1.3)),
        mess.maybe(mess.amount(cost), 0.3),
        mess.maybe(f"{rng.uniform(0.2, 180):.2f}", 0.4) if goods else "",
        rng.choice(("1", "yes")),
        mess.maybe(rng.choice(("库存充足", "FKM, 0–120 °C", "停产，用新型号")), 0.6),
    ]


def write(name, header, rows):
    """Write one file as spreadsheet programs do: comma, quotes where needed, CRLF."""
    path = ADDON / "data" / "import" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])


def main():
    """Write the three files."""
    for name, make in (
        ("customers.csv", customers),
        ("leads.csv", leads),
        ("products.csv", products),
    ):
        rng = random.Random(f"{SEED}/{name}")
        write(name, *make(rng, Mess(rng)))


if __name__ == "__main__":
    main()
