from . import (
    test_engine_portal_quantity,
    test_portal_home,
    test_portal_order,
)
