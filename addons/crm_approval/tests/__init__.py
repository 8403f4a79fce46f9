from . import (
    test_common_parallel,
    test_engine,
    test_validation_bad_input,
    test_validation_rule,
    test_validation_warning,
)
