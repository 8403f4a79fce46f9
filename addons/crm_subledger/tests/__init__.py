from . import (
    test_access,
    test_bad_input,
    test_concurrency,
    test_contribution,
    test_engine_delta,
    test_engine_scale,
    test_loop,
    test_queue,
    test_report,
    test_settlement,
    test_tours,
    test_triggers,
)
