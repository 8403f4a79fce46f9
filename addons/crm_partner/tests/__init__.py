from . import (
    test_engine_rebate,
    test_portal_home,
    test_story_d4,
)
