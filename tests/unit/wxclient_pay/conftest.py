import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from conftest_pay import (  # noqa: F401
    merchant_key,
    platform_certificate,
    platform_key,
    signer,
)
