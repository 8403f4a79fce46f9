from . import (
    test_deal_portal,
    test_deal_registration,
    test_portal_home,
    test_story_d3,
)
