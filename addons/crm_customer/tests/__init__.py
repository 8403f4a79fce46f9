from . import test_360_figures, test_360_timeline, test_360_tour, test_customer_master
