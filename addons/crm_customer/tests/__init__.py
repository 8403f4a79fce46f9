from . import (
    test_cleaning,
    test_cohort,
    test_engine_cleaning,
    test_engine_value,
    test_quality,
    test_score,
    test_score_concurrency,
    test_tours_score,
)
