from . import test_encrypted
from . import test_jobs
from . import test_publishable
