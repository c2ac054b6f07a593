"""Shipping management without a database: checks of an upload and order states.

Order states: 1 to ship, 2 shipped, 3 confirmed, 4 finished, 5 refunded, 6 funds
waiting for settlement. Express is confirmed by itself ten days after shipping, the
other ways after two. One re-shipping per order: a further upload after everything
was shipped, or a change of delivery_mode or logistics_type.
"""

import datetime
import re
from dataclasses import dataclass, field

from .errors import MpError

EXPRESS, SAME_CITY, VIRTUAL, PICK_UP = 1, 2, 3, 4
UNIFIED, SPLIT = 1, 2
TO_SHIP, SHIPPED, CONFIRMED, FINISHED, REFUNDED, WAITING = 1, 2, 3, 4, 5, 6
BY_HAND, AUTOMATIC = 1, 2
DAY = 86400
MAX_PARCELS = 15
MAX_DESCRIPTION = 120

_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})\Z"
)
_CONTACT = re.compile(r"(?:\+?\d{1,4}-)?\d{0,7}-?\*{4}\d{4}\Z")
_TRADE_NO = re.compile(r"[0-9A-Za-z_\-*|@]{1,64}\Z")


def parse_time(text):
    """Unix seconds (float) of an RFC 3339 text; MpError 268485216 otherwise."""
    match = _TIME.match(text) if isinstance(text, str) else None
    if not match:
        raise MpError(268485216)
    zone = "+00:00" if match[3] == "Z" else match[3]
    fraction = (match[2] or ".0")[:7]
    try:
        moment = datetime.datetime.strptime(
            match[1] + fraction + zone, "%Y-%m-%dT%H:%M:%S.%f%z"
        )
    except ValueError as error:
        raise MpError(268485216) from error
    return moment.timestamp()


def check_key(key):
    """Check ``order_key``; returns ``("transaction_id", …)`` or ``("trade_no", …)``.

    The second form carries ``(mchid, out_trade_no)``.
    """
    kind = key.get("order_number_type") if isinstance(key, dict) else None
    if kind == 2:
        if not key.get("transaction_id"):
            raise MpError(268485195)
        return "transaction_id", str(key["transaction_id"])
    if kind != 1:
        raise MpError(268485194)
    if not key.get("mchid"):
        raise MpError(268485196)
    if not key.get("out_trade_no"):
        raise MpError(268485197)
    if not _TRADE_NO.match(str(key["out_trade_no"])):
        raise MpError(10060014, "参数错误: out_trade_no")
    return "trade_no", (str(key["mchid"]), str(key["out_trade_no"]))


@dataclass
class Upload:
    """A checked body of ``upload_shipping_info``."""

    key: tuple
    logistics_type: int
    delivery_mode: int
    all_delivered: bool
    parcels: list
    upload_time: float
    openid: str


def _check_parcel(parcel, express, sf_contact):
    if not isinstance(parcel, dict):
        raise MpError(10060014, "参数错误: shipping_list")
    tracking_no = str(parcel.get("tracking_no") or "")
    company = str(parcel.get("express_company") or "")
    description = parcel.get("item_desc")
    contact = parcel.get("contact") or {}
    if express and not tracking_no:
        raise MpError(268485226)
    if express and not company:
        raise MpError(268485227)
    if len(company) > 128:
        raise MpError(10060025)
    if len(tracking_no) > 128:
        raise MpError(10060026)
    if not isinstance(description, str) or not description.strip():
        raise MpError(10060008)
    if len(description) > MAX_DESCRIPTION:
        raise MpError(10060009)
    phones = {
        name: str(contact[name])
        for name in ("consignor_contact", "receiver_contact")
        if isinstance(contact, dict) and contact.get(name)
    }
    if express and company == "SF" and not phones and sf_contact:
        raise MpError(10060014, "参数错误: 顺丰必须填写寄件人或收件人联系方式")
    for name, phone in phones.items():
        if not _CONTACT.match(phone):
            raise MpError(10060014, f"参数错误: {name} 需要掩码")
    return {
        "tracking_no": tracking_no,
        "express_company": company,
        "goods_desc": description,
        "contact": phones,
    }


def check_upload(body, sf_contact=True):
    """Check a body of ``upload_shipping_info`` field by field.

    ``sf_contact`` says whether SF needs a contact. Returns :class:`Upload`; raises
    MpError with the listed code.
    """
    key = check_key(body.get("order_key"))
    logistics = body.get("logistics_type")
    mode = body.get("delivery_mode")
    if logistics not in (EXPRESS, SAME_CITY, VIRTUAL, PICK_UP):
        raise MpError(10060005)
    if mode not in (UNIFIED, SPLIT):
        raise MpError(268485224)
    if mode == SPLIT and logistics != EXPRESS:
        raise MpError(10060006)
    if mode == SPLIT and not isinstance(body.get("is_all_delivered"), bool):
        raise MpError(10060007)
    parcels = body.get("shipping_list")
    if not isinstance(parcels, list) or not parcels:
        raise MpError(
            268485228 if mode == UNIFIED else 10060014, "物流信息列表不能为空"
        )
    if len(parcels) > MAX_PARCELS:
        raise MpError(10060024)
    if mode == UNIFIED and len(parcels) != 1:
        raise MpError(268485228)
    upload_time = parse_time(body.get("upload_time"))
    payer = body.get("payer")
    openid = payer.get("openid") if isinstance(payer, dict) else None
    if not isinstance(openid, str) or not 1 <= len(openid) <= 128:
        raise MpError(10060014, "参数错误: payer.openid")
    return Upload(
        key=key,
        logistics_type=logistics,
        delivery_mode=mode,
        all_delivered=mode == UNIFIED or body["is_all_delivered"],
        parcels=[_check_parcel(p, logistics == EXPRESS, sf_contact) for p in parcels],
        upload_time=upload_time,
        openid=openid,
    )


@dataclass
class Shipment:
    """Shipping side of one payment order; times are unix seconds, 0 = not yet."""

    transaction_id: str
    appid: str = ""
    logistics_type: int = 0
    delivery_mode: int = 0
    parcels: list = field(default_factory=list)
    finished: bool = False
    finished_count: int = 0
    reshipped: bool = False
    upload_time: float = 0.0
    shipped_at: int = 0
    confirmed_at: int = 0
    confirm_method: int = 0
    settled_at: int = 0
    reminded: bool = False
    complaint: bool = False
    special_type: int = 0
    delay_to: int = 0

    def state(self, refunded):
        """order_state; ``refunded``: the payment was given back completely."""
        if refunded:
            return REFUNDED
        if self.settled_at:
            return FINISHED
        if self.confirmed_at:
            return WAITING if self.complaint else CONFIRMED
        return SHIPPED if self.finished else TO_SHIP

    def ship(self, upload, now, refunded, cumulative=False):
        """Apply a checked upload at ``now``; True when it completed the shipping.

        ``cumulative``: split uploads before completion add to the parcels known so
        far instead of replacing them.
        """
        if self.state(refunded) not in (TO_SHIP, SHIPPED):
            raise MpError(10060004)
        if self.parcels and upload.upload_time <= self.upload_time:
            raise MpError(10060014, "参数错误: upload_time 必须晚于上一次")
        if self.finished and not upload.all_delivered:
            raise MpError(10060002)
        parcels = self._merge(upload, now, cumulative)
        plan = (upload.logistics_type, upload.delivery_mode)
        known = (self.logistics_type, self.delivery_mode)
        if (
            self.parcels
            and plan == known
            and self.finished == upload.all_delivered
            and _content(parcels) == _content(self.parcels)
        ):
            raise MpError(10060023)
        if self.parcels and (self.finished or plan != known):
            if self.reshipped:
                raise MpError(10060003)
            self.reshipped = True
        if len(parcels) > MAX_PARCELS:
            raise MpError(10060024)
        self.logistics_type, self.delivery_mode = plan
        self.parcels = parcels
        self.upload_time = upload.upload_time
        self.finished = upload.all_delivered
        if self.finished:
            self.finished_count = min(self.finished_count + 1, 2)
            self.shipped_at = now
        return self.finished

    def _merge(self, upload, now, cumulative):
        fresh = [{**parcel, "upload_time": now} for parcel in upload.parcels]
        if not (cumulative and upload.delivery_mode == SPLIT and not self.finished):
            return fresh
        numbers = {parcel["tracking_no"] for parcel in fresh}
        kept = [p for p in self.parcels if p["tracking_no"] not in numbers]
        return kept + fresh

    def confirm(self, now, method, refunded):
        """The buyer confirms (or the clock does); False when there is nothing to."""
        if self.state(refunded) != SHIPPED:
            return False
        self.confirmed_at = now
        self.confirm_method = method
        return True

    def due_at(self):
        """When the order confirms itself (unix seconds); None when it does not."""
        if not self.finished or self.confirmed_at or self.complaint:
            return None
        days = 10 if self.logistics_type == EXPRESS else 2
        return self.shipped_at + days * DAY

    def remind(self, received_time, refunded):
        """Book the one reminder to confirm receipt; MpError when not allowed."""
        if self.state(refunded) != SHIPPED:
            raise MpError(10060028)
        if self.logistics_type != EXPRESS:
            raise MpError(10060032)
        if self.reminded:
            raise MpError(10060030)
        if not isinstance(received_time, int) or received_time <= self.shipped_at:
            raise MpError(10060029)
        self.reminded = True


def _content(parcels):
    return [{k: v for k, v in p.items() if k != "upload_time"} for p in parcels]


def join_goods(descriptions):
    """Goods of an order joined by ``;``, cut at 120 characters with ``...``."""
    text = ";".join(item for item in descriptions if item)
    return text if len(text) <= MAX_DESCRIPTION else text[: MAX_DESCRIPTION - 3] + "..."
