from . import (
    test_portal_home,
    test_story_d5,
)
