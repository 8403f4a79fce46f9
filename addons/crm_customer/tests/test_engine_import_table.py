import io
import unittest

import openpyxl
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.crm_customer.engine import china_ids, import_table
