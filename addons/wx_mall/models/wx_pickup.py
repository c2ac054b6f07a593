import re
import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.wx_base.fields import WxEncrypted

DIGITS = 10
STATES = [
    ("preparing", "To prepare"),
    ("ready", "Ready"),
    ("overdue", "Not collected in time"),
    ("picked_up", "Picked up"),
]


class WxPickup(models.Model):
    """The collection of one paid order in a shop: its code, its state, who did what.

    The delivery in the ERP knows neither the code nor that goods lie ready. The code is
    ten digits from the system's random source, encrypted with a keyed digest for
    look-up; it is good for one hand-over, until ``expires_at``, at one point.
    """

    _name = "wx.pickup"
    _description = "Pickup of a mall order"
    _order = "id desc"
    _rec_name = "order_id"

    order_id = fields.Many2one(
        "wx.order", "Mall order", required=True, readonly=True, ondelete="cascade"
    )
    app_id = fields.Many2one(related="order_id.app_id", store=True, index=True)
    company_id = fields.Many2one(related="order_id.company_id", store=True, index=True)
    point_id = fields.Many2one(
        "wx.pickup.point",
        "Pickup point",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    # no group but the system's: a search by code would be a desk without a limit
    code = WxEncrypted(
        "Pickup code",
        digest="code_digest",
        readonly=True,
        groups="base.group_system",
    )
    state = fields.Selection(
        STATES,
        required=True,
        readonly=True,
        default="preparing",
        index=True,
    )
    order_state = fields.Selection(related="order_id.state", string="Order")
    qty_total = fields.Integer(related="order_id.qty_total")
    ready_at = fields.Datetime("Ready since", readonly=True)
    expires_at = fields.Datetime(
        "Keep until", readonly=True, help="The code is refused after this moment."
    )
    picked_at = fields.Datetime("Picked up at", readonly=True)
    picked_uid = fields.Many2one("res.users", "Handed over by", readonly=True)

    _order_uniq = models.Constraint("UNIQUE(order_id)", "One pickup per order.")
    _code_uniq = models.UniqueIndex(
        "(code_digest) WHERE code_digest IS NOT NULL", "This code is in use."
    )
    _overdue_idx = models.Index("(expires_at) WHERE state = 'ready'")

    # making ---------------------------------------------------------------------
    @api.model
    def _new_code(self):
        return f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"

    @api.model
    def _ensure(self, orders):
        """The pickups of paid orders that are collected; missing ones are made."""
        # the job and the shopper's request act for the shop, not for a user
        pickups = self.sudo()
        orders = orders.filtered(
            lambda o: o.pickup_point_id and o.intake_state == "paid"
        )
        found = pickups.search([("order_id", "in", orders.ids)])
        return found + pickups.create(
            [
                {
                    "order_id": order.id,
                    "point_id": order.pickup_point_id.id,
                    "code": self._new_code(),
                }
                for order in orders - found.order_id
            ]
        )

    # life -----------------------------------------------------------------------
    def action_ready(self):
        """Goods lie at the counter: the shopper may come, the time runs."""
        self._check_operator()
        for pickup in self:
            if pickup.state != "preparing":
                raise UserError(
                    self.env._("Only what is still to be prepared becomes ready.")
                )
            pickup._check_order()
            if not pickup._reserved():
                raise UserError(
                    self.env._(
                        "Goods of order %(name)s are not all in this shop's stock.",
                        name=pickup.order_id.name,
                    )
                )
            pickup._set_ready()
            pickup.order_id._wx_log("pickup", self.env._("Ready at the counter"))
            pickup._wx_on_ready()

    def action_extend(self):
        """Keeps goods that were not collected in time for another period."""
        self._check_operator()
        for pickup in self:
            if pickup.state not in ("ready", "overdue"):
                raise UserError(self.env._("Nothing lies at the counter to be kept."))
            pickup._check_order()
            pickup._set_ready()
            pickup.order_id._wx_log("pickup", self.env._("Kept longer"))
        # ends what the clock raised
        self.order_id._wx_end_exceptions(
            ["pickup_overdue"], self.env._("The goods are kept longer.")
        )

    def _check_operator(self):
        """Nobody may write pickups; these steps are for operators of the company."""
        self.check_access("read")
        if not self.env.user.has_group("wx_base.group_wx_operator"):
            raise AccessError(self.env._("Only operators prepare and keep orders."))

    def _set_ready(self):
        """State and deadline; written for staff, who may not write the fields."""
        now = fields.Datetime.now()
        # sudo: callers check the right; the state is nobody's
        for pickup in self.sudo():
            pickup.write(
                {
                    "state": "ready",
                    "ready_at": pickup.ready_at or now,
                    "expires_at": now + timedelta(days=pickup.app_id.pickup_days),
                }
            )

    def _wx_on_ready(self):
        """Hook: goods became ready; upper modules tell the shopper."""

    def _check_order(self):
        if self.order_id.state in ("refunded", "cancelled", "closed"):
            raise UserError(
                self.env._(
                    "Order %(name)s was refunded: nothing is handed over.",
                    name=self.order_id.name,
                )
            )

    def _set_picked_up(self):
        """The delivery is done, by the desk or in the ERP. Safe to repeat."""
        desk = self.env.context.get("wx_pickup_desk")
        # sudo: callers check the right; the state is nobody's
        for pickup in self.sudo().filtered(lambda p: p.state != "picked_up"):
            pickup.write(
                {
                    "state": "picked_up",
                    "ready_at": pickup.ready_at or fields.Datetime.now(),
                    "picked_at": fields.Datetime.now(),
                    "picked_uid": self.env.uid,
                }
            )
            point = pickup.point_id.name
            reason = (
                self.env._("Handed over against the code at %(point)s", point=point)
                if desk
                else self.env._("Handed over in the ERP at %(point)s", point=point)
            )
            pickup.order_id._wx_log("pickup", reason)
            pickup.order_id._wx_end_exceptions(
                ["pickup_overdue"], self.env._("The goods were picked up.")
            )

    def _is_expired(self) -> bool:
        """Also between the deadline and the clock's next turn."""
        self.ensure_one()
        if self.state == "overdue":
            return True
        return bool(self.expires_at and self.expires_at < fields.Datetime.now())

    @api.model
    def _cron_overdue(self):
        """Hourly: what was not collected in time goes to the work list."""
        # sudo: acts for the shop, whoever caused it
        late = self.sudo().search(
            [("state", "=", "ready"), ("expires_at", "<", fields.Datetime.now())],
            limit=500,
        )
        for pickup in late:
            pickup.state = "overdue"
            if pickup.order_id.state in ("refunded", "cancelled"):
                continue
            pickup.order_id._wx_exception(
                "pickup_overdue",
                self.env._(
                    "Ready at %(point)s since %(day)s and not collected.",
                    point=pickup.point_id.name,
                    day=fields.Date.to_string(pickup.ready_at),
                ),
            )
        return len(late)

    # goods ----------------------------------------------------------------------
    def _open_pickings(self):
        """Deliveries of the order that are not done; the last step leaves the shop."""
        return self.order_id.sale_order_id.picking_ids.filtered(
            lambda p: (
                p.state not in ("done", "cancel") and p.picking_type_code != "incoming"
            )
        )

    def _reserved(self) -> bool:
        """Whether every open delivery that can start now is fully reserved."""
        first = self._open_pickings().filtered(lambda p: p.state != "waiting")
        return bool(first) and all(
            picking.state == "assigned"
            and all(
                move.quantity >= move.product_uom_qty
                for move in picking.move_ids
                if move.state != "cancel"
            )
            for picking in first
        )

    def _goods(self) -> list:
        """``[{title, sku_text, qty, image}]`` that go over the counter now."""
        moves = self._open_pickings().move_ids.filtered(
            lambda m: m.state != "cancel" and m.location_dest_usage == "customer"
        )
        goods = []
        for move in moves:
            line = move.sale_line_id.wx_line_id
            goods.append(
                {
                    "id": move.id,
                    "product_id": move.product_id.id,
                    "title": line.title or move.product_id.display_name,
                    "sku_text": line.sku_text or "",
                    "qty": int(move.product_uom_qty),
                }
            )
        return goods

    def action_open_order(self):
        self.ensure_one()
        return self.order_id._open("wx.order", self.order_id)


def clean_code(text) -> str:
    """The digits of what was typed or scanned (``WXP:0123456789``, ``0123 456789``)."""
    return re.sub(r"\D", "", text or "")[:32]
