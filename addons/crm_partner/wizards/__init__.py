from . import (
    crm_deal_decision,
    crm_lead_offer,
    crm_lead_withdraw,
    crm_partner_team_wizard,
    crm_partner_team_wizard_line,
    crm_rebate_answer,
    crm_rebate_settle,
    crm_rebate_settle_goods,
    crm_rebate_what_if,
    crm_rebate_what_if_line,
    crm_rebate_what_if_tier,
)
