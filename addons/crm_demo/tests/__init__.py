from . import (
    test_approvals,
    test_commissions,
    test_company,
    test_duplicates,
    test_customer_master,
    test_import,
    test_invariants,
    test_logins,
    test_plan,
    test_rules_and_imports,
    test_story_d1,
    test_tour_d1,
)
