from . import (
    account_move,
    account_payment,
    crm_contact_role,
    crm_customer_figures,
    crm_customer_level,
    crm_customer_lifecycle,
    crm_customer_stage_history,
    crm_interaction,
    mail_activity,
    res_company,
    res_config_settings,
    res_partner,
)
