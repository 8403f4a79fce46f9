from . import (
    test_mdf,
    test_mdf_portal,
    test_partner_statement,
    test_portal_home,
    test_story_d5,
)
