"""Rebates: what partners earn on the purchases of the year, and what a vendor grants us.

Runs after the step that creates the partner companies and their purchases
(``ctx.channel_partners``); without them there is only the vendor's agreement.
"""

from odoo import Command, fields

from .calendar import quarter_start
from .context import without_mails

ACCOUNTS = (
    ("granted", "224191", "Channel Rebates Payable", "应付渠道返利", "liability_current"),
    ("received", "122191", "Vendor Rebates Receivable", "应收供应商返利", "asset_current"),
)
LEDGERS = (
    # key, code, English, Chinese, kind, chart account of the other side
    ("granted", "RBATE", "Channel rebates", "渠道返利", "rebate", "6001"),
    ("received", "RBVEN", "Vendor rebates", "供应商返利", "rebate_vendor", "6401"),
)
QUARTERLY = ((30000, 1.5), (90000, 2.5), (180000, 4.0))
YEARLY = ((80.0, 0.5), (100.0, 1.0), (120.0, 1.5))
VENDOR = ((0, 1.0), (200000, 2.0), (600000, 3.0))
DISPUTE = "10 月的一张发票没有计入 / An invoice of October is missing"
ANSWER = "该发票于下月开具，计入下一季度。 / It is dated in the next month and counts there."
GRACE = 12


def run(env, rng, ctx):
    """Agree, accrue and settle what is over."""
    if "crm.rebate.agreement" not in env:
        return
    ledgers = create_ledgers(env, ctx)
    agreements = create_vendor_agreement(env, ctx, ledgers)
    partners = getattr(ctx, "channel_partners", [])
    if partners:
        agreements |= create_channel_agreements(env, ctx, ledgers, partners)
    agreements.action_activate()
    agreements.period_ids._subledger_run()
    with without_mails(env):
        settle_what_is_over(env, ctx, agreements)
        dispute_one(env, ctx, agreements)


def create_ledgers(env, ctx):
    """Return the two sub-ledgers; their accounts are not in the chart."""
    journal = env["account.journal"].create(
        {"name": "Rebates", "code": "REBA", "type": "general", "company_id": ctx.company.id}
    )
    accounts = {}
    for key, code, name, name_zh, kind in ACCOUNTS:
        accounts[key] = env["account.account"].create(
            {
                "code": code,
                "name": name,
                "account_type": kind,
                "company_ids": [Command.set(ctx.company.ids)],
            }
        )
        accounts[key].update_field_translations("name", {"zh_CN": name_zh})
    ledgers = {}
    for key, code, name, name_zh, kind, other in LEDGERS:
        ledgers[key] = env["crm.subledger"].create(
            {
                "name": name,
                "code": code,
                "kind": kind,
                "company_id": ctx.company.id,
                "journal_id": journal.id,
                "account_id": accounts[key].id,
                "counterpart_account_id": chart_account(env, ctx, other).id,
            }
        )
        ledgers[key].update_field_translations("name", {"zh_CN": name_zh})
    return ledgers


def chart_account(env, ctx, code):
    """Return the account of the chart whose code starts with ``code``."""
    accounts = env["account.account"].with_company(ctx.company)
    return accounts.search(
        [("code", "=like", f"{code}%"), ("company_ids", "in", ctx.company.ids)],
        order="code",
        limit=1,
    )


def year_of(ctx):
    """Return the first day of the first quarter and the last day of the last month."""
    return quarter_start(ctx.months[0][0]), ctx.months[-1][1]


def create_vendor_agreement(env, ctx, ledgers):
    """The vendor we buy most from grants a yearly rebate."""
    sums = env["account.move"]._read_group(
        [
            ("company_id", "=", ctx.company.id),
            ("move_type", "=", "in_invoice"),
            ("state", "=", "posted"),
        ],
        ["commercial_partner_id"],
        ["amount_untaxed_signed:sum"],
    )
    if not sums:
        return env["crm.rebate.agreement"]
    vendor, total = min(sums, key=lambda row: row[1])
    first, last = year_of(ctx)
    return env["crm.rebate.agreement"].create(
        {
            "name": "供应商年度返利 / Vendor rebate",
            "direction": "vendor",
            "company_id": ctx.company.id,
            "ledger_id": ledgers["received"].id,
            "date_from": first,
            "date_to": last,
            "measure_interval": "whole",
            "expected_volume": max(round(-total, -4), 10000),
            "tier_ids": tiers(VENDOR),
            "participant_ids": [Command.create({"partner_id": vendor.id})],
        }
    )


def create_channel_agreements(env, ctx, ledgers, partners):
    """A quarterly rebate for every partner; a yearly target for those of the best level."""
    first, last = year_of(ctx)
    common = {
        "company_id": ctx.company.id,
        "ledger_id": ledgers["granted"].id,
        "date_from": first,
        "date_to": last,
        "grace_days": GRACE,
        "expiry_days": 540,
    }
    best = [partner for partner in partners if partner.grade_id == partners[0].grade_id]
    return env["crm.rebate.agreement"].create(
        [
            common
            | {
                "name": "渠道季度返利 / Quarterly channel rebate",
                "measure_interval": "quarter",
                "expected_volume": 95000,
                "tier_ids": tiers(QUARTERLY),
                "participant_ids": [Command.create({"partner_id": p.id}) for p in partners],
            },
            common
            | {
                "name": "年度目标返利 / Yearly target",
                "kind": "target",
                "measure_interval": "whole",
                "accrual_method": "reached",
                "tier_ids": tiers(YEARLY),
                "participant_ids": [
                    Command.create({"partner_id": p.id, "target": 400000}) for p in best
                ],
            },
        ]
    )


def tiers(rows):
    """Return the commands that create a scale."""
    return [Command.create({"lower_bound": lower, "rate": rate}) for lower, rate in rows]


def settle_what_is_over(env, ctx, agreements):
    """Settle the quarters whose days of grace are over by credit note, as the accountant does."""
    for period in agreements.period_ids.sorted("date_to"):
        day = fields.Date.add(period.date_to, days=GRACE + 1)
        if day < ctx.today:
            env["crm.rebate.settlement"]._settle(
                period, "credit_note", final=True, date=day, post=True
            )
    agreements.period_ids._subledger_run()


def dispute_one(env, ctx, agreements):
    """A partner disputed a settled quarter and was answered; another dispute is open."""
    granted = agreements.filtered(lambda a: a.direction == "customer" and a.kind == "volume")
    settled = granted.period_ids.filtered("settled").sorted(lambda p: (p.date_to, p.id))
    for period in settled[-2:]:
        env["crm.rebate.dispute"]._open(period, DISPUTE)
    for dispute in settled[-1:].dispute_ids:
        dispute._answer(False, ANSWER)
