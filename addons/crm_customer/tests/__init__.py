from . import (
    test_segment,
    test_segment_access,
    test_segment_bad_input,
    test_segment_refresh,
    test_segment_tour,
)
