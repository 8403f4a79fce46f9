from . import (
    crm_approval_decision,
    crm_approval_delegation,
    crm_approval_mixin,
    crm_approval_request,
    crm_approval_request_step,
    crm_approval_rule,
    crm_approval_rule_limit,
    crm_approval_rule_step,
    crm_approval_rule_threshold,
    res_users,
)
