import hashlib
import json
from datetime import datetime, timedelta, timezone

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.wx_base.tools import BEIJING
from odoo.addons.wx_base.wxclient import WxClientError

from ..shipping import outcomes
from ..shipping.payload import (
    EXPRESS,
    MAX_PARCELS,
    PICK_UP,
    VIRTUAL,
    build,
    delivery_mode,
    goods_text,
    uses_chance,
)

#: WeChat does not know a payment for a minute or two after it (10060001)
RETRY = (30, 60, 120, 300, 900, 3600, 3600, 3600)
#: a report that still waits after this has lost its job
LOST_AFTER = timedelta(minutes=15)


def beijing_midnight():
    """When WeChat's next day has begun, naive UTC."""
    tomorrow = datetime.now(BEIJING) + timedelta(days=1)
    begun = tomorrow.replace(hour=0, minute=5, second=0, microsecond=0)
    return begun.astimezone(timezone.utc).replace(tzinfo=None)


class WxOrderShipping(models.AbstractModel):
    """Tells WeChat that goods are on their way (``upload_shipping_info``).

    Without it WeChat keeps the merchant's money. The whole list of parcels known so
    far is sent each time, final when nothing of the order is left to ship; after that
    WeChat takes one change. Fields and rules:
    ``reference/mini-program-platform.md`` §6.3; answers: ``shipping.outcomes``.
    """

    _name = "wx.order.shipping"
    _inherit = "wx.job.mixin"
    _description = "Shipping reports to WeChat"

    @api.model
    def _enqueue_all(self, order_ids):
        """First reports of many orders."""
        # sudo: acts for the shop, whoever caused it
        self.sudo()._wx_enqueue_all(
            "_job_report",
            [
                (
                    f"wx.order.shipping.{order_id}.0",
                    {"order_id": order_id, "attempt": 0},
                )
                for order_id in order_ids
            ],
            eta=1,
        )

    @api.model
    def _enqueue(self, order_id, attempt=0, eta=1):
        # sudo: acts for the shop, whoever caused it
        self.sudo()._wx_enqueue(
            "_job_report",
            key=f"wx.order.shipping.{order_id}.{attempt}",
            eta=eta,
            order_id=order_id,
            attempt=attempt,
        )

    @api.model
    def _job_report(self, order_id, attempt=0):
        """Job: reports one order; failures are visible on it and tried again."""
        # sudo: acts for the shop, whoever caused it
        order = self.env["wx.order"].sudo().browse(order_id).exists()
        if order and order.shipping_state in ("todo", "failed"):
            self._report(order, attempt)

    @api.model
    def _cron_report(self):
        """Sweep: reports whose job got lost; a dead queue only delays them."""
        lost = fields.Datetime.now() - LOST_AFTER
        orders = self.env["wx.order"].search(
            [
                ("shipping_state", "=", "todo"),
                ("write_date", "<", lost),
                "|",
                ("shipping_retry_at", "=", False),
                ("shipping_retry_at", "<", lost),
            ],
            limit=200,
        )
        self.env["ir.cron"]._commit_progress(remaining=len(orders))
        for order in orders:
            self._job_report(order.id, order.shipping_attempts)
            if not self.env["ir.cron"]._commit_progress(1):
                break

    # report ---------------------------------------------------------------------
    def _report(self, order, attempt=0):
        if order.app_id.trade_managed == "no":
            order.write({"shipping_state": "none", "shipping_error": False})
            return
        payload, problem = self._payload(order)
        if problem:
            self._fail(order, problem)
            return
        if payload is None:
            order.shipping_state = "none"
            return
        digest = hashlib.sha256(
            json.dumps(payload, sort_keys=True).encode()
        ).hexdigest()
        if digest == order.shipping_digest:
            self._done(order, payload, digest)
            return
        if order.received_at and order.shipping_known:
            # confirmed: WeChat takes no change any more, and needs none
            order.write({"shipping_state": "done", "shipping_error": False})
            return
        if order.shipping_asked and self._ask(order, payload, digest) != "open":
            return
        if self._chance_is_gone(order, payload):
            return
        self._send(order, payload, digest, attempt)

    def _send(self, order, payload, digest, attempt):
        """One call; the answer decides what becomes of the report."""
        moment = datetime.now(BEIJING).isoformat(timespec="milliseconds")
        try:
            order.app_id._wx_client().upload_shipping_info(
                {**payload, "upload_time": moment}
            )
        except WxClientError as exc:
            self._refused(order, exc, payload, digest, attempt)
            return
        self._done(order, payload, digest, sent=True)

    def _done(self, order, payload, digest, sent=False):
        """WeChat has it; remembers what, because changes are limited."""
        values = {
            "shipping_state": "done",
            "shipping_error": False,
            "shipping_digest": digest,
            "shipping_attempts": 0,
            "shipping_asked": False,
            "shipping_retry_at": False,
            "ship_late_at": False,
        }
        if sent or not order.shipping_known:
            values["shipping_reported_at"] = fields.Datetime.now()
            kind, mode = payload["logistics_type"], payload["delivery_mode"]
            known = order.shipping_known or {}
            values["shipping_known"] = {
                "kind": kind,
                "mode": mode,
                "complete": payload.get("is_all_delivered", True),
                "reshipped": bool(known.get("reshipped"))
                or uses_chance(known, kind, mode),
            }
        order.write(values)
        if not sent:
            return
        order._wx_log(
            "shipping",
            self.env._(
                "Reported to WeChat: %(parcels)s parcel(s)",
                parcels=len(payload["shipping_list"]),
            ),
            who="system",
        )

    def _chance_is_gone(self, order, payload):
        """Stops a change that WeChat would refuse; staff learns what to do."""
        known = order.shipping_known or {}
        used = uses_chance(known, payload["logistics_type"], payload["delivery_mode"])
        if not (used and known.get("reshipped")):
            return False
        self._fail(
            order,
            self.env._(
                "WeChat takes one change after everything was shipped, and it is used. "
                "Tell the shopper the right number."
            ),
        )
        return True

    def _refused(self, order, exc, payload, digest, attempt):
        """Acts on an answer by the table of outcomes."""
        code = getattr(exc, "code", None)
        verdict = outcomes.outcome(code, getattr(exc, "kind", "error"))
        if verdict == outcomes.DONE:
            self._done(order, payload, digest, sent=True)
        elif verdict == outcomes.RETRY:
            self._later(order, exc, attempt, unanswered=getattr(exc, "sent", False))
        elif verdict == outcomes.TOMORROW:
            self._tomorrow(order, exc, attempt)
        elif verdict == outcomes.ASK:
            if self._ask(order, payload, digest) == "open":
                self._fail(order, str(exc))
        else:
            hints = {
                outcomes.STAFF: self.env._("Correct the parcel."),
                outcomes.SETTING: self.env._(
                    "Check the mini-program's settings and merchant number at WeChat."
                ),
                outcomes.DEFECT: self.env._("This is a defect of the software."),
            }
            self._fail(order, f"{hints[verdict]} {exc}")

    def _later(self, order, exc, attempt, unanswered):
        """Again with back-off; after the last try it is staff's."""
        if attempt >= len(RETRY):
            self._fail(order, str(exc))
            return
        moment = fields.Datetime.now() + timedelta(seconds=RETRY[attempt])
        order.shipping_asked = order.shipping_asked or unanswered
        self._at(order, exc, attempt + 1, moment)

    def _tomorrow(self, order, exc, attempt):
        """The day's calls are used up; the new day of WeChat begins in Beijing."""
        self._at(order, exc, attempt, beijing_midnight())

    def _at(self, order, exc, attempt, moment):
        """Queues the next try for ``moment`` (naive UTC) and says so on the order."""
        order.write(
            {
                "shipping_state": "todo",
                "shipping_error": str(exc),
                "shipping_attempts": attempt,
                "shipping_retry_at": moment,
            }
        )
        self._enqueue(order.id, attempt, moment)

    def _fail(self, order, message):
        """Visible on the order and, through it, as an exception."""
        order.write({"shipping_state": "failed", "shipping_error": message})

    def _ask(self, order, payload, digest):
        """What WeChat has of this order decides; see ``outcomes.after_asking``.

        :return: that word; ``open`` when nothing was decided
        """
        try:
            theirs = order.app_id._wx_client().get_order(
                transaction_id=order.transaction_id.wx_transaction_id
            )
        except WxClientError:
            # the report itself says what is wrong, if anything is
            return "open"
        word = outcomes.after_asking(theirs, payload["shipping_list"])
        if word == "same":
            self._done(order, payload, digest, sent=True)
        elif word == "confirmed":
            order.write({"shipping_state": "done", "shipping_error": False})
        elif word == "refunded":
            order.write({"shipping_state": "none", "shipping_error": False})
        elif word == "used":
            self._fail(
                order,
                self.env._("WeChat has other parcels and takes no further change."),
            )
        return word

    # payload --------------------------------------------------------------------
    def _payload(self, order):
        """``(payload, problem)``; both None when there is nothing to report."""
        tx = order.transaction_id
        if not order.sale_order_id or not tx.wx_transaction_id:
            return None, None
        if order.state in ("refunded", "cancelled"):
            return None, None
        deliveries = order._wx_delivery_pickings()
        done = deliveries.filtered(lambda p: p.state == "done")
        ready = order.pickup_ids._is_reported_ready()
        if deliveries and not done and not ready:
            return None, None
        complete = ready or len(done) == len(deliveries)
        order._wx_ensure_parcels()
        kind = self._kind(order, done)
        if kind != EXPRESS and not complete:
            # these cannot be split: reported when the last part was handed over
            return None, None
        try:
            parcels = self._parcels(order, kind)
        except UserError as exc:
            return None, str(exc)
        mode = delivery_mode(kind, len(parcels), complete, order.shipping_known or {})
        return (
            build(
                tx.wx_transaction_id,
                tx.wx_openid or order.user_id.openid,  # a friend may have paid
                kind,
                mode,
                parcels,
                complete,
            ),
            None,
        )

    def _kind(self, order, done):
        """WeChat's logistics type: by carrier, express when any part is."""
        if order.delivery_kind == "pickup":
            return PICK_UP
        if not done or order.delivery_kind == "none":
            return VIRTUAL
        kinds = {int(p.carrier_id.wx_logistics_type or EXPRESS) for p in done}
        return EXPRESS if EXPRESS in kinds else min(kinds)

    def _parcels(self, order, kind):
        """Rows of ``shipping_list``; raises UserError naming what is missing."""
        if kind != EXPRESS:
            goods = [(line.title, line.qty) for line in order.line_ids]
            return [{"item_desc": goods_text(goods)}]
        parcels = order.parcel_ids.filtered(
            lambda p: (
                p.shipped_at
                # the order's own goods: WeChat knows no replacements
                and not p.picking_id.wx_after_sale_id
                and (p.carrier_id.wx_logistics_type or "1") == str(EXPRESS)
            )
        ).sorted("id")
        rows = [self._parcel(order, parcel) for parcel in parcels]
        if len(rows) > MAX_PARCELS:
            raise UserError(self.env._("WeChat takes at most 15 parcels per order."))
        return rows

    def _parcel(self, order, parcel):
        where = parcel.picking_id.name or order.name
        if not parcel.tracking_no or not (parcel.carrier_id or parcel.express_code):
            raise UserError(
                self.env._(
                    "%(picking)s has no carrier or tracking number yet.", picking=where
                )
            )
        if not parcel.express_code:
            raise UserError(
                self.env._(
                    "Carrier %(carrier)s has no WeChat company code.",
                    carrier=parcel.carrier_id.name,
                )
            )
        lines = [(line.order_line_id.title, line.qty) for line in parcel.line_ids] or [
            (line.title, line.qty) for line in order.line_ids
        ]
        row = {
            "tracking_no": parcel.tracking_no,
            "express_company": parcel.express_code,
            "item_desc": goods_text(lines),
        }
        company = self.env["wx.express.company"].with_context(active_test=False)
        if company.search([("code", "=", parcel.express_code)], limit=1).needs_contact:
            # one party's phone, last four digits only (SF)
            row["contact"] = {"receiver_contact": order.address_ids[:1].phone}
        return row
