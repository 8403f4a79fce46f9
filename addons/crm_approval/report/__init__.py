from . import crm_approval_report
