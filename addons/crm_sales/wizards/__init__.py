from . import (
    crm_commission_dispute,
    crm_commission_settle,
    crm_commission_settle_line,
    crm_commission_simulation,
    crm_commission_simulation_line,
    crm_contract_terminate,
    crm_forecast_judge,
    crm_forecast_submit,
    crm_quota_distribute,
    crm_quota_distribute_line,
    crm_sale_replace_salesperson,
)
