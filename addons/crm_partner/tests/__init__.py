from . import (
    test_portal_home,
    test_partner_statement,
    test_story_d5,
)
