from . import (
    test_documents,
    test_engine_amortisation,
    test_engine_basis,
    test_engine_period,
    test_engine_scale,
    test_story_d2,
)
