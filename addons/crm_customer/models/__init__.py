from . import crm_identity
from . import res_partner
