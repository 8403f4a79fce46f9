from . import (
    crm_commission_dispute,
    crm_commission_settle,
    crm_commission_settle_line,
    crm_commission_simulation,
    crm_commission_simulation_line,
    crm_contract_sign,
    crm_contract_terminate,
    crm_pool_operation,
    crm_quotation_comparison,
    crm_sale_replace_salesperson,
    crm_territory_activate,
    crm_territory_activate_line,
)
