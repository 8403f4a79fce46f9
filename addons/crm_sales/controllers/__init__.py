from . import commission_statement, contract_portal
