from . import test_engine_china_ids
from . import test_identity
from . import test_identity_finders
from . import test_match_candidate
from . import test_match_ruleset
from . import test_match_tour
from . import test_story_d12_match
