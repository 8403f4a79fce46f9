from . import test_engine_china_ids
from . import test_identity
from . import test_identity_finders
