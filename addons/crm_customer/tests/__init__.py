from . import test_engine_match, test_engine_match_d12
