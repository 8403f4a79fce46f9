from . import test_contract_goods, test_margin, test_story_d1, test_story_d1_property
