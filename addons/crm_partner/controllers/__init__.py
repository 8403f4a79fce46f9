from . import (
    partner_content,
    partner_deals,
    partner_home,
    partner_leads,
    partner_order,
    partner_portal,  # isort: skip  first: the others inherit from it
    partner_quotes,
    partner_rebate,
    partner_serial,
    partner_team,
    programme_portal,
)
