from . import base_partner_merge_automatic_wizard
from . import crm_merge
from . import crm_merge_engine
from . import crm_merge_golden
from . import crm_merge_journal
from . import crm_merge_rule
from . import crm_merge_value
from . import res_partner
