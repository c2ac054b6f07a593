"""The pay platform, APIv3: verified requests, orders, refunds, bills."""

import pathlib

from ..core.store import register_schema

register_schema(pathlib.Path(__file__).parent / "schema.sql")

from . import switches
from . import gateway
from . import notifications
from . import certificates
from . import orders
from . import refund_routes
from . import bills
