from . import test_attempts
from . import test_notifications
from . import test_bill_day
from . import test_refunds
from . import test_sweeps
from . import test_posting
from . import test_bill_accounting
from . import test_bill_files
