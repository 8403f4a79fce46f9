from . import (
    test_engine_rebate,
    test_portal_home,
    test_rebate_access,
    test_rebate_concurrency,
    test_rebate_property,
    test_rebate_settlement,
    test_rebate_targets,
    test_story_d4,
)
