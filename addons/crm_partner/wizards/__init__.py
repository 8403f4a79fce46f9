from . import (
    crm_mdf_fund_batch,
    crm_partner_statement_batch,
)
