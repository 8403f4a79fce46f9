from . import (
    partner_portal,
    partner_order,
)
