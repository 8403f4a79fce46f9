from . import (
    crm_approval_decide,
    crm_approval_submit,
)
