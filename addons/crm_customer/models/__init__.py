from . import (
    crm_customer_import,
    crm_customer_import_column,
    crm_customer_import_key,
    crm_customer_import_lock,
    crm_customer_import_row,
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
from . import base_partner_merge_automatic_wizard
from . import crm_merge
from . import crm_merge_engine
from . import crm_merge_golden
from . import crm_merge_journal
from . import crm_merge_rule
from . import crm_merge_value
from . import res_partner
    account_move,
    account_payment,
    crm_contact_role,
    crm_customer_figures,
    crm_customer_level,
    crm_customer_lifecycle,
    crm_customer_stage_history,
    crm_interaction,
    mail_activity,
    res_company,
    res_config_settings,
    res_partner,
)
