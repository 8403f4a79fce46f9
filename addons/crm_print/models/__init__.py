from . import crm_print_resource, ir_actions_report
