from . import commission_statement, contract_portal
from . import commission_statement, loss_survey
