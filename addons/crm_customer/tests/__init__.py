from . import (
    test_customer_import,
    test_customer_import_parallel,
    test_customer_import_tour,
    test_engine_import_table,
)
