from . import (
    crm_cleaning_job,
    crm_cleaning_line,
    crm_partner_quality,
    crm_partner_score,
    crm_partner_score_run,
    crm_quality_figure,
    crm_quality_rule,
    res_company,
    res_config_settings,
    res_partner,
)
