from . import crm_commission_credit, crm_contract_instalment, crm_subledger_entry
