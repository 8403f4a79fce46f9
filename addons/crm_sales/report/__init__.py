from . import (
    crm_commission_document,
    crm_commission_statement_report,
    crm_lead_response_report,
)
