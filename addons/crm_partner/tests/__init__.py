from . import (
    test_engine_programme,
    test_partner_agreement,
    test_partner_certificate,
    test_partner_level,
    test_partner_programme_portal,
    test_partner_programme_tours,
    test_partner_review,
    test_portal_home,
    test_reports,
    test_story_d3,
)
