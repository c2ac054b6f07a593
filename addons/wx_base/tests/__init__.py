from . import test_encrypted
