"""WeChat Pay API v3 client. Pure Python: no ``odoo`` import, no logging of bodies.

Unit tests put the addon's folder on ``sys.path`` and import ``wxclient_pay`` itself;
inside Odoo it is ``odoo.addons.wx_pay.wxclient_pay``.
"""

from .bills import BillFile
from .client import HOST, WxPayV3
from .errors import (
    WxPayBusinessError,
    WxPayDecryptError,
    WxPayError,
    WxPayHashError,
    WxPayKeyError,
    WxPayNetworkError,
    WxPaySignatureError,
)
from .facts import PAID_STATES, Fact, payment_fact, refund_fact
from .keys import (
    certificate_owner,
    certificate_serial,
    check_apiv3_key,
    check_merchant_certificate,
    check_pair,
    check_platform_key,
    check_public_key_id,
    check_serial,
    clean_serial,
    load_certificate,
    load_private_key,
    load_public_key,
    normalise_serial,
)
from .notification import Notification, open_notification
from .sealing import decrypt_resource, oaep_decrypt, oaep_encrypt
from .signing import build_message, request_payment_params, sign
from .times import beijing_date, beijing_rfc3339, parse_rfc3339
from .verify import WINDOW_SECONDS, PlatformKeys, verify
