from . import (
    partner_portal,
    programme_portal,
)
