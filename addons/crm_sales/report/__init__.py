from . import (
    crm_commission_document,
    crm_commission_statement_report,
    crm_forecast_accuracy,
    crm_opportunity_report,
    crm_outcome_report,
    crm_quota_report,
    crm_stage_duration_report,
)
