from . import test_browser, test_engine, test_report, test_resource
