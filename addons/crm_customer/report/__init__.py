from . import crm_customer_cohort
