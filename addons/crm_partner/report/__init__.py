from . import (
    crm_deal_registration_report,
    crm_partner_lead_report,
    crm_partner_sales_report,
    crm_partner_scorecard,
    crm_partner_statement_report,
)
