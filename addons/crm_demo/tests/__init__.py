from . import (
    test_commissions,
    test_company,
    test_import,
    test_invariants,
    test_logins,
    test_plan,
    test_segments,
    test_story_d1,
    test_tour_d1,
)
