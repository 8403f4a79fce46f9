from . import commission_statement, loss_survey
