from . import test_company
from . import test_import
from . import test_logins
from . import test_plan
from . import test_story_d1
