from . import (
    test_engine,
    test_validation_bad_input,
    test_validation_rule,
    test_validation_warning,
)
