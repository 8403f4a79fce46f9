from . import (
    partner_leads,
    partner_portal,  # isort: skip  first: the others inherit from it
    programme_portal,
)
