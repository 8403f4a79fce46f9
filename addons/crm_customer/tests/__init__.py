from . import test_engine_survivorship
from . import test_merge
from . import test_merge_concurrency
from . import test_merge_rights
from . import test_merge_tour
from . import test_story_d12_merge
