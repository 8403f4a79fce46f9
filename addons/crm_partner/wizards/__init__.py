from . import (
    crm_deal_decision,
    crm_lead_offer,
    crm_lead_withdraw,
)
