from . import (
    partner_portal,
    partner_order,
    partner_serial,
    partner_team,
    partner_home,
)
