from . import test_360_figures
from . import test_360_timeline
from . import test_360_tour
from . import test_customer_master
