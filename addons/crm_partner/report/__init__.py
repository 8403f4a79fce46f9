from . import (
    crm_partner_lead_report,
)
