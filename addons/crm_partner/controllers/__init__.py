from . import (
    partner_home,
    partner_order,
    partner_portal,
    partner_serial,
    partner_team,
)
