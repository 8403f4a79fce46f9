from . import (
    crm_lead_offer,
    crm_lead_withdraw,
)
