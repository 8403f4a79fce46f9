from . import (
    account_move,
    crm_lead,
    crm_partner_cart,
    product_template,
    res_company,
    res_config_settings,
    res_partner,
    res_partner_grade,
    res_users,
    sale_order,
    sale_order_line,
    stock_lot,
)
