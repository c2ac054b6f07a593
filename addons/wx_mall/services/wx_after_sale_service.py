from odoo import Command, api, fields, models

from odoo.addons.wx_base.http import WxError
from odoo.addons.wx_base.problems import not_found
from odoo.addons.wx_base.tools import iso8601

from ..states import after_sale as machine
from . import return_rule
from .photo import BadPhoto, clean_jpeg
from .wx_after_sale_asking import Asked
from .wx_order_service import decode_cursor, encode_cursor

#: pictures of one shopper per hour
PHOTOS_PER_HOUR = 60


class WxAfterSaleService(models.AbstractModel):
    """After-sales as the shopper uses them; ids go through ``_wx_owned``."""

    _name = "wx.after.sale.service"
    _description = "After-sales API"

    # reading --------------------------------------------------------------------
    @api.model
    def _list(self, ctx, query) -> dict:
        domain = []
        if query.order_id:
            domain.append(("order_id", "=", query.order_id))
        if query.state:
            domain.append(("state", "=", query.state))
        if query.cursor:
            domain.append(("id", "<", decode_cursor(query.cursor)))
        found = ctx.env["wx.after.sale"]._wx_mine(ctx, domain, limit=query.limit + 1)
        page = found[: query.limit]
        return {
            "items": [self._document(record) for record in page],
            "next_cursor": encode_cursor(page[-1].id)
            if len(found) > query.limit
            else None,
        }

    @api.model
    def _detail(self, ctx, after_sale_id) -> dict:
        return self._document(ctx.env["wx.after.sale"]._wx_owned(ctx, after_sale_id))

    def _document(self, record) -> dict:
        refunded = record.refund_id.state == "done"
        shipped = bool(record.return_tracking_no)
        return {
            "id": record.id,
            "number": record.name,
            "order_id": record.order_id.id,
            "kind": record.kind,
            "state": record.state,
            "reason": record.reason_id.code or "",
            "reason_text": record.reason_text,
            "description": record.description or "",
            "amount_fen": record.amount_fen,
            "refunded_fen": record.refund_id.amount_fen if refunded else 0,
            "seven_day": record.no_reason,
            "seller_pays_return": record.seller_fault,
            "items": [
                {
                    "line_id": line.order_line_id.id,
                    "title": line.title,
                    "sku_text": line.sku_text or "",
                    "qty": line.qty,
                    "amount_fen": line.amount_fen,
                    "passed_qty": line.passed_qty,
                    "failed_qty": line.failed_qty,
                    "fail_reason": line._wx_fail_text(),
                }
                for line in record.line_ids
            ],
            "photo_ids": record.photo_ids.ids,
            "created_at": iso8601(record.create_date),
            "due_at": iso8601(record.due_at),
            "ended_at": iso8601(record.ended_at),
            "reject_reason": record.reject_reason or None,
            "escalated": bool(record.escalated_at),
            "return_address": self._address(record),
            "return_shipment": {
                "carrier": record.return_carrier,
                "tracking_no": record.return_tracking_no,
            }
            if shipped
            else None,
            "sent_back": record._wx_sent_back(),
            "actions": self._actions(record),
        }

    def _address(self, record):
        """Shown while the goods are to be sent there."""
        if record.kind not in machine.RETURNS or record.state not in (
            "approved",
            "returning",
        ):
            return None
        partner = record._return_address()
        parts = (partner.state_id.name, partner.city, partner.street, partner.street2)
        return {
            "name": partner.name,
            "phone": partner.phone or "",
            "address": "".join(part for part in parts if part),
        }

    def _actions(self, record):
        actions = []
        if record._can("cancel"):
            actions.append("cancel")
        if record._can("send") or record.state == "returning":
            actions.append("return_shipment")
        if self._disputable(record):
            actions.append("escalate")
        return actions

    def _disputable(self, record):
        if record.escalated_at or record.requested_uid:
            return False
        late = record.state == "requested" and (record.overdue or not record.due_at)
        return record.state in ("rejected", "inspected") or late

    # options --------------------------------------------------------------------
    @api.model
    def _options(self, ctx, order_id) -> dict:
        order = ctx.env["wx.order"]._wx_owned(ctx, order_id)
        asking = ctx.env["wx.after.sale.asking"]
        code = asking._closed(order)
        free = asking._free(order)
        reasons = asking._reasons(order)
        delivered = any(part["delivered"] for part in free.values())
        kinds = list(machine.KINDS) if delivered else ["refund_only"]
        if not any(part["waiting"] + part["delivered"] for part in free.values()):
            kinds = []
        return {
            "order_id": order.id,
            "allowed": code is None and bool(kinds),
            "code": code,
            "kinds": [] if code else kinds,
            "refundable_fen": 0 if code else order._wx_refundable_fen(),
            "lines": [self._line_option(line, part) for line, part in free.items()],
            "reasons": [
                {
                    "code": reason.code,
                    "name": reason.name,
                    "kinds": [k for k in machine.KINDS if reason._wx_fits(k)],
                    "needs_photo": reason.needs_photo,
                    "seven_day": reason.no_reason,
                }
                for reason in reasons
            ],
        }

    def _line_option(self, line, part):
        verdict, until = line._wx_no_reason()
        rule = line._wx_return_rule()
        return {
            "line_id": line.id,
            "title": line.title,
            "sku_text": line.sku_text or "",
            "qty": line.qty,
            "waiting_qty": part["waiting"],
            "delivered_qty": part["delivered"],
            "max_fen": part["state"].rest_fen,
            "seven_day": {
                "verdict": verdict,
                "rule": rule,
                "until": until and until.isoformat(),
                "confirmable": rule in return_rule.CONFIRMED,
                "confirmed": bool(line.no_return_confirmed_at),
            },
        }

    @api.model
    def _confirm_no_return(self, ctx, order_id, body) -> dict:
        order = ctx.env["wx.order"]._wx_owned(ctx, order_id)
        lines = order.line_ids.filtered(lambda line: line.id in body.line_ids)
        if order.intake_state != "unpaid":
            raise WxError(
                "order.not_payable",
                self.env._("This can be confirmed before payment only"),
                409,
            )
        known = len(lines) == len(set(body.line_ids))
        if not known or any(
            line._wx_return_rule() not in return_rule.CONFIRMED for line in lines
        ):
            raise WxError(
                "after_sale.no_rule",
                self.env._("These goods have no exception to confirm"),
                409,
            )
        lines.no_return_confirmed_at = fields.Datetime.now()
        return self._options(ctx, order_id)

    # photos ---------------------------------------------------------------------
    @api.model
    def _upload(self, ctx, body) -> dict:
        ctx.env["wx.request.limit"]._hit(
            "after_sale_photo", ctx.user_id, PHOTOS_PER_HOUR, 3600
        )
        try:
            jpeg = clean_jpeg(body.image)
        except BadPhoto as error:
            raise WxError(
                "photo.refused",
                self.env._("Send a JPEG, PNG or WebP picture of at most 5 MB"),
                422,
                reason=error.code,
            ) from error
        photo = ctx.env["wx.after.sale.photo"]._wx_store(ctx, jpeg)
        return {"id": photo.id}

    # asking ---------------------------------------------------------------------
    @api.model
    def _create(self, ctx, body) -> dict:
        order = ctx.env["wx.order"]._wx_owned(ctx, body.order_id)
        order._wx_lock()
        self._check_order(order)
        reason = self._check_reason(order, body)
        photos = ctx.env["wx.after.sale.photo"]._wx_mine(
            ctx, [("id", "in", body.photo_ids), ("after_sale_id", "=", False)]
        )
        if len(photos) != len(body.photo_ids):
            raise not_found()
        if reason.needs_photo and not photos:
            raise WxError(
                "after_sale.photo_required",
                self.env._("Add a picture of the goods for this reason"),
                422,
            )
        lines = ctx.env["wx.after.sale.asking"]._values(
            order, body.kind, self._asked(order, body), reason.no_reason
        )
        record = ctx.env["wx.after.sale"].create(
            {
                "user_id": order.user_id.id,
                "order_id": order.id,
                "kind": body.kind,
                "reason_id": reason.id,
                "description": body.description or False,
                "seller_fault": reason.seller_fault,
                "no_reason": reason.no_reason,
                "line_ids": [Command.create(values) for values in lines],
                "photo_ids": [Command.set(photos.ids)],
            }
        )
        record.due_at = record._clock("requested")
        order._wx_log("after_sale", record.name, who="shopper", after_sale=record.id)
        self._at_once(record)
        return self._document(record)

    def _check_order(self, order):
        code = self.env["wx.after.sale.asking"]._closed(order)
        if code:
            raise WxError(
                "after_sale.not_possible",
                self.env._("Nothing more can be asked for this order"),
                409,
                reason=code,
            )

    def _check_reason(self, order, body):
        reasons = self.env["wx.after.sale.asking"]._reasons(order)
        reason = reasons.filtered(lambda r: r.code == body.reason)[:1]
        if not reason or not reason._wx_fits(body.kind):
            raise WxError(
                "after_sale.reason",
                self.env._("Choose one of the reasons offered"),
                422,
            )
        return reason

    def _asked(self, order, body):
        by_id = {line.id: line for line in order.line_ids}
        if any(item.line_id not in by_id for item in body.items):
            raise not_found()
        return [
            Asked(by_id[item.line_id], item.qty, item.amount_fen) for item in body.items
        ]

    def _at_once(self, record):
        """Goods that have not left are refunded without waiting for staff."""
        flow = self.env["wx.after.sale.flow"].with_env(record.env)
        clock = self.env["wx.after.sale.clock"].with_env(record.env)
        if (
            record.kind == "refund_only"
            and record.app_id.after_sale_auto
            and clock._unshipped(record)
            and not flow._needs_two(record)
        ):
            clock._ring(record)

    # acting ---------------------------------------------------------------------
    def _acting(self, ctx, after_sale_id):
        record = ctx.env["wx.after.sale"]._wx_owned(ctx, after_sale_id)
        ctx.env["wx.after.sale.flow"]._lock(record)
        return record

    def _state_error(self):
        return WxError(
            "after_sale.state", self.env._("This is not possible any more"), 409
        )

    @api.model
    def _cancel(self, ctx, after_sale_id) -> dict:
        record = self._acting(ctx, after_sale_id)
        if not record._can("cancel"):
            raise self._state_error()
        ctx.env["wx.after.sale.flow"]._cancel(record)
        return self._document(record)

    @api.model
    def _return_shipment(self, ctx, after_sale_id, body) -> dict:
        record = self._acting(ctx, after_sale_id)
        if not (record._can("send") or record.state == "returning"):
            raise self._state_error()
        ctx.env["wx.after.sale.flow"]._send_back(record, body.carrier, body.tracking_no)
        return self._document(record)

    @api.model
    def _escalate(self, ctx, after_sale_id, body) -> dict:
        record = self._acting(ctx, after_sale_id)
        if not self._disputable(record):
            raise self._state_error()
        record.write(
            {
                "escalated_at": fields.Datetime.now(),
                "escalation_reason": body.reason,
            }
        )
        record.message_post(
            body=self.env._("The shopper disputes: %(reason)s", reason=body.reason)
        )
        record._wx_disputed()
        return self._document(record)
