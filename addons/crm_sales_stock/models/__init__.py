from . import crm_commission_credit, crm_subledger_entry
