from . import (
    crm_commission_document,
    crm_commission_statement_report,
    crm_contract_mrr,
    crm_contract_report,
    crm_forecast_accuracy,
    crm_lead_response_report,
    crm_opportunity_report,
    crm_outcome_report,
    crm_quota_report,
    crm_receivable,
    crm_stage_duration_report,
    crm_win_loss_report,
)
