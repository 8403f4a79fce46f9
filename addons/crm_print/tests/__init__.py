from . import test_browser, test_engine, test_engine_workbook, test_report, test_resource
