from . import (
    partner_content,
    partner_leads,
    partner_portal,  # isort: skip  first: the others inherit from it
    partner_quotes,
)
