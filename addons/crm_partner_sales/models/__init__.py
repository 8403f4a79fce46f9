from . import (
    crm_deal_matcher,
    crm_discount_authority,
    crm_lead,
    crm_lead_router,
)
