from . import (
    test_portal_home,
    test_reports,
)
