from . import (
    crm_identity,
    crm_lead,
    crm_match_blocking,
    crm_match_candidate,
    crm_match_comparison,
    crm_match_key,
    crm_match_level,
    crm_match_quality,
    crm_match_queue,
    crm_match_ruleset,
    crm_match_veto,
    res_partner,
)
