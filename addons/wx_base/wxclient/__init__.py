"""Client of WeChat's open platform for mini-programs; pure Python, no odoo."""

from .client import OFFICIAL_BASE, WxMpClient
from .errors import (
    WxBusinessError,
    WxClientError,
    WxNetworkError,
    WxThrottledError,
    classify,
)
from .storage import MemoryTokens
