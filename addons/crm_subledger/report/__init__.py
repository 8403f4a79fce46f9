from . import crm_deal_contribution, crm_subledger_report, crm_subledger_rollforward
