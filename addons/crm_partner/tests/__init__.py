from . import (
    test_content,
    test_engine_distribution,
    test_engine_quote,
    test_leads,
    test_leads_access,
    test_leads_concurrency,
    test_portal_home,
    test_portal_leads,
    test_quotes,
)
