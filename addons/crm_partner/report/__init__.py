from . import (
    crm_partner_lead_report,
    crm_partner_sales_report,
)
