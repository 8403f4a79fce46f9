from . import test_partner_sales
