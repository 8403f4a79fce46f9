from . import (
    test_customer_import,
    test_customer_import_parallel,
    test_customer_import_tour,
    test_engine_import_table,
    test_engine_china_ids,
    test_identity,
    test_identity_finders,
    test_match_candidate,
    test_match_ruleset,
    test_match_tour,
    test_story_d12_match,
)
from . import test_engine_survivorship
from . import test_merge
from . import test_merge_concurrency
from . import test_merge_rights
from . import test_merge_tour
from . import test_story_d12_merge
from . import test_360_figures, test_360_timeline, test_360_tour, test_customer_master
    test_segment,
    test_segment_access,
    test_segment_bad_input,
    test_segment_refresh,
    test_segment_tour,
)
