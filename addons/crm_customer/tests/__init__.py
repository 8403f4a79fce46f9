from . import test_engine_match
from . import test_engine_match_d12
