from . import (
    crm_approval_decide,
    crm_approval_reassign,
    crm_approval_submit,
)
