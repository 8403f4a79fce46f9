from . import (
    partner_deals,
    partner_home,
    partner_leads,
    partner_order,
    partner_portal,
    partner_rebate,
    partner_serial,
    partner_team,
    programme_portal,
)
