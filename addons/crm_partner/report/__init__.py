from . import crm_partner_statement_report
