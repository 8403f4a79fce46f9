from . import (
    account_move,
    crm_lead,
    res_company,
    res_config_settings,
    res_partner,
    res_partner_grade,
    res_users,
    sale_order,
    sale_order_line,
)
