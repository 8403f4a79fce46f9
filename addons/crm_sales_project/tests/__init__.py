from . import (
    test_delivery,
    test_engine_completion,
    test_story_e3,
)
