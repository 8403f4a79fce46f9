from . import (
    crm_deal_decision,
)
