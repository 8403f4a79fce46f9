from . import (
    crm_commission_dispute,
    crm_commission_settle,
    crm_commission_settle_line,
    crm_commission_simulation,
    crm_commission_simulation_line,
    crm_contract_terminate,
    crm_lead_lost,
    crm_lead_won,
    crm_sale_replace_salesperson,
)
