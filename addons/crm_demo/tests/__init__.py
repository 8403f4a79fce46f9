from . import (
    test_commissions,
    test_company,
    test_customer_value,
    test_import,
    test_invariants,
    test_logins,
    test_plan,
    test_story_d1,
    test_tour_d1,
)
