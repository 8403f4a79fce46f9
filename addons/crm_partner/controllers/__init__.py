from . import (
    partner_portal,  # isort: skip  first: the others inherit from it
    partner_leads,
)
