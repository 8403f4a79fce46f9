from . import test_segment
from . import test_segment_access
from . import test_segment_bad_input
from . import test_segment_refresh
from . import test_segment_tour
