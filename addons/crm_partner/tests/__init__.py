from . import (
    test_diversion,
    test_engine_diversion,
    test_engine_portal_quantity,
    test_portal_core_pages,
    test_portal_home,
    test_portal_order,
    test_portal_parallel,
    test_portal_performance,
    test_portal_routes,
    test_portal_team,
    test_portal_tours,
)
