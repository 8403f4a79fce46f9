from . import (
    partner_funds,
    partner_portal,
    partner_statements,
)
