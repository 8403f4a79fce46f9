from . import (
    crm_customer_import,
    crm_customer_import_column,
    crm_customer_import_key,
    crm_customer_import_lock,
    crm_customer_import_row,
    res_partner,
)
