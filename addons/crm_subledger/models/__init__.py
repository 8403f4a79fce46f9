from . import (
    account_move,
    account_move_line,
    account_partial_reconcile,
    account_payment,
    crm_subledger,
    crm_subledger_entry,
    crm_subledger_mixin,
    crm_subledger_queue,
    res_company,
    res_config_settings,
    res_partner,
    sale_order,
)

from . import crm_subledger_item  # isort: skip  (inherits the mixin)
