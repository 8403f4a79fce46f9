"""Two customers that were entered twice: one merge is done, the other waits for a second person."""

from odoo import Command

from .context import without_mails

DONE, WAITING = 11, 12


def run(env, rng, ctx):
    """Enter two customers again with a lead, and merge them."""
    original, booked = _originals(ctx)
    if original:
        twin = _enter_again(env, original, email=False)
        merge = env["crm.merge"].create_for(original | twin, original, source="manual")
        merge._execute()
    if booked:
        twin = _enter_again(env, booked, company_registry="91310000MA1K35YU0X")
        merges = env["crm.merge"].with_user(ctx.users["zhou"])
        merge = merges.create_for(booked | twin, booked, source="match")
        with without_mails(env):
            merge.action_merge()


def _originals(ctx):
    """Return two companies of the plan."""
    partners = ctx.partners
    if len(partners) <= WAITING:
        return None, None
    return partners[DONE], partners[WAITING]


def _enter_again(env, partner, **values):
    """Create the customer once more, as a colleague would who did not search first."""
    twin = env["res.partner"].create(
        {
            "name": partner.name,
            "is_company": True,
            "phone": partner.phone,
            "email": partner.email,
            "city": partner.city,
            "country_id": partner.country_id.id,
            "category_id": [Command.set(partner.category_id.ids)],
            **values,
        }
    )
    env["crm.lead"].create({"name": partner.name, "partner_id": twin.id, "type": "lead"})
    return twin
