from . import (
    partner_deals,
    partner_portal,
)
