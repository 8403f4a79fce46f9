from . import (
    commission_statement,
    contract_portal,
    loss_survey,
)
