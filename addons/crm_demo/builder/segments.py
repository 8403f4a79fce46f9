"""Customer segments of the demonstration company, refreshed."""


def _did(behaviour, times=1, days=None, amount=0, negate=False):
    window = {"window": "days", "days": days} if days else {}
    return {
        "kind": "behaviour",
        "behaviour": behaviour,
        "min_count": times,
        "min_amount": amount,
        "negate": negate,
        **window,
    }


def _rows(*rows):
    return [
        (0, 0, {"sequence": number, "level": level, **values})
        for number, (level, values) in enumerate(rows, 1)
    ]


def run(env, rng, ctx):
    """Create six segments, each of a kind of its own, and refresh them in order."""
    company = ctx.company
    segments = env["crm.segment"]

    def create(name, description, *rows, **values):
        nonlocal segments
        segment = segments.create(
            {
                "name": name,
                "description": description,
                "company_id": company.id,
                "condition_ids": _rows(*rows),
                **values,
            }
        )
        segments |= segment
        return segment

    regular = create(
        "Regular buyers",
        "Bought at least three times within a year.",
        (0, _did("invoiced", 3, 365)),
    )
    create(
        "Gone quiet",
        "Regular buyers without a purchase for 90 days: call them.",
        (0, {"kind": "segment", "other_segment_id": regular.id}),
        (0, _did("invoiced", days=90, negate=True)),
    )
    large = create(
        "Large customers",
        "Bought for 100,000 or more within a year.",
        (0, _did("invoiced", 1, 365, 100000)),
    )
    create(
        "Quoted, not bought",
        "Got a quotation in the last 180 days and never bought.",
        (0, _did("quoted", days=180)),
        (0, _did("invoiced", negate=True)),
    )
    create(
        "Promising small customers",
        "Companies that buy or have been met lately, without the large ones.",
        (0, {"kind": "attribute", "domain": "[('is_company', '=', True)]"}),
        (0, {"kind": "any"}),
        (1, _did("invoiced", days=180)),
        (1, _did("met", days=180)),
        excluded_segment_ids=[(6, 0, large.ids)],
    )
    chosen = env["res.partner"].search(
        [("is_company", "=", True), ("customer_rank", ">", 0)], order="id", limit=12
    )
    create(
        "Advisory board",
        "Chosen by hand for the yearly round table.",
        kind="static",
        static_partner_ids=[(6, 0, chosen.ids)],
    )
    segments.action_refresh()
