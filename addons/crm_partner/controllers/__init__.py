from . import (
    partner_leads,
    partner_portal,
    partner_rebate,
    programme_portal,
)
