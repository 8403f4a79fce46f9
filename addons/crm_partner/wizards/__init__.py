from . import (
    crm_partner_team_wizard,
    crm_partner_team_wizard_line,
)
