from . import (
    crm_partner_sales_report,
)
