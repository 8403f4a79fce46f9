from . import (
    test_access,
    test_bad_input,
    test_concurrency,
    test_cron,
    test_flow,
    test_gate,
    test_hostile,
    test_link,
    test_payment,
    test_performance,
    test_report,
    test_tour,
)
