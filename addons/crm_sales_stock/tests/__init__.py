from . import test_story_d1
