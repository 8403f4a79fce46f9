from . import test_company, test_import, test_logins, test_plan, test_story_d1
