from . import test_flow, test_gate, test_hostile
