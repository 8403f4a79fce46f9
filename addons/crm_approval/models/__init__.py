from . import base, crm_validation_log, crm_validation_rule, ir_model
