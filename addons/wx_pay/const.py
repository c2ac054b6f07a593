"""Constants of the WeChat Pay provider."""

from .wxclient_pay import HOST

CODE = "wechatpay"
# payment.payment_method_wechat_pay of core
DEFAULT_PAYMENT_METHOD_CODES = {"wechat_pay"}

# WeChat's primary and backup access point (wechat-pay-v3.md §1.1)
OFFICIAL_HOSTS = (HOST, "https://api2.mch.weixin.qq.com")

NOTIFY_PATH = "/wx/pay/notify"
# WeChat retries from 15 s on; notifications are small.
NOTIFY_MAX_BYTES = 256 * 1024

# A prepay_id is valid for two hours; a little less, so that it outlives the dialog.
PREPAY_SECONDS = 110 * 60
# WeChat closes unpaid orders after seven days by itself.
CLOSE_DAYS = 7

# Seconds between two looks of a sweep at the same payment or refund.
PAYMENT_LADDER = (30, 60, 60, 120, 300, 600, 1800, 3600, 10800, 21600)
REFUND_LADDER = (30, 60, 300, 900, 1800, 3600, 10800, 21600, 43200)

# wechat-pay-v3.md §3.2
REFUND_DAYS = 365
REFUND_MAX_PARTS = 50
REFUND_SPACING_SECONDS = 60

OPEN_ATTEMPTS = ("intent", "open", "closing")
