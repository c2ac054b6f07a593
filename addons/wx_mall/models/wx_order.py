from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.wx_base.money import to_yuan

from ..states.order import STATES

LABELS = {
    "unpaid": "To pay",
    "paid": "Paid",
    "to_ship": "To ship",
    "partially_shipped": "Partly shipped",
    "shipped": "Shipped",
    "received": "Received",
    "cancelled": "Cancelled, refund due",
    "refunded": "Refunded",
    "closed": "Closed unpaid",
}


class WxOrder(models.Model):
    """An order as the shopper placed it: intake only.

    Odoo's create + confirm takes a quarter of a second and collides under load, and
    unpaid orders must not litter the ERP; so placing an order writes this row and its
    holds (``services/intake_sql.py``). From payment on the sales order is the truth and
    ``state`` is computed from it. Amounts are integer fen, tax included.
    """

    _name = "wx.order"
    _description = "Mall order"
    _inherit = [
        "wx.guarded.mixin",
        "mail.thread",
        "wx.owned.mixin",
        "wx.payable.mixin",
        "wx.job.mixin",
    ]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char("Number", required=True, readonly=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    user_id = fields.Many2one(readonly=True)
    pool_id = fields.Many2one("wx.stock.pool", readonly=True, ondelete="restrict")
    state = fields.Selection(
        [(state, LABELS[state]) for state in STATES],
        compute="_compute_state",
        store=True,
        readonly=True,
    )
    intake_state = fields.Selection(
        [("unpaid", "Unpaid"), ("paid", "Paid"), ("closed", "Closed")],
        required=True,
        readonly=True,
        default="unpaid",
        help="What the mall itself decides; everything after payment is computed.",
    )
    line_ids = fields.One2many("wx.order.line", "order_id", "Lines", readonly=True)
    address_ids = fields.One2many("wx.order.address", "order_id", "Receiver")
    hold_ids = fields.One2many("wx.hold", "order_id", "Holds", readonly=True)
    refund_ids = fields.One2many(
        "wx.order.refund", "order_id", "Refunds", readonly=True
    )
    qty_total = fields.Integer("Pieces", readonly=True)
    remark = fields.Char("Shopper's remark", readonly=True)
    amount_fen = fields.Integer("Amount (fen)", required=True, readonly=True)
    paid_fen = fields.Integer("Paid (fen)", required=True, readonly=True, default=0)
    refunded_fen = fields.Integer(
        "Refunded (fen)", required=True, readonly=True, default=0
    )
    amount_total = fields.Monetary("Amount", readonly=True)
    amount_paid = fields.Monetary("Paid amount", readonly=True)
    amount_refunded = fields.Monetary("Refunded amount", readonly=True)
    # dates, UTC
    expires_at = fields.Datetime("Pay until", required=True, readonly=True)
    paid_at = fields.Datetime(readonly=True)
    closed_at = fields.Datetime(readonly=True)
    received_at = fields.Datetime(readonly=True)
    cancelled_at = fields.Datetime(
        readonly=True, help="Cancelled after payment, before it reached the ERP."
    )
    close_reason = fields.Char(readonly=True)
    # the request that made it
    idempotency_key = fields.Char(readonly=True)
    request_hash = fields.Char(readonly=True)
    # payment and ERP
    payment_attempt_ids = fields.One2many(
        "payment.transaction",
        "wx_payable_id",
        "Payment attempts",
        domain=[("wx_payable_model", "=", "wx.order"), ("operation", "!=", "refund")],
    )
    transaction_id = fields.Many2one(
        "payment.transaction", "Payment", readonly=True, ondelete="restrict"
    )
    sale_order_id = fields.Many2one(
        "sale.order",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    picking_ids = fields.One2many(related="sale_order_id.picking_ids")
    invoice_ids = fields.Many2many(related="sale_order_id.invoice_ids")
    posting_state = fields.Selection(
        [
            ("none", "Not due"),
            ("todo", "Waiting"),
            ("done", "Done"),
            ("exception", "Exception"),
        ],
        "Posting",
        required=True,
        default="none",
        readonly=True,
    )
    posting_error = fields.Text(readonly=True)
    shipping_state = fields.Selection(
        [
            ("none", "Not due"),
            ("todo", "Waiting"),
            ("done", "Reported"),
            ("failed", "Failed"),
        ],
        "WeChat shipping",
        required=True,
        default="none",
        readonly=True,
        help="Whether WeChat has been told that the goods are on their way.",
    )
    shipping_error = fields.Text(readonly=True)
    shipping_reported_at = fields.Datetime(readonly=True)
    shipping_digest = fields.Char(
        readonly=True, help="What was reported last; the same is not sent again."
    )

    _name_uniq = models.Constraint("UNIQUE(name)", "This order number exists already.")
    _key_uniq = models.UniqueIndex(
        "(user_id, idempotency_key)", "This request was already answered."
    )
    _sale_uniq = models.UniqueIndex(
        "(sale_order_id) WHERE sale_order_id IS NOT NULL",
        "A sales order belongs to one mall order.",
    )
    _mine_idx = models.Index("(user_id, app_id, id DESC)")
    # lists by state, newest first, and their counts without reading the rows
    _state_idx = models.Index("(state, company_id, id DESC)")
    _expiry_idx = models.Index("(expires_at) WHERE intake_state = 'unpaid'")
    _posting_idx = models.Index("(company_id, id) WHERE posting_state = 'todo'")
    _refund_within_paid = models.Constraint(
        "CHECK(refunded_fen <= paid_fen)", "Refunds cannot exceed what was paid."
    )

    @api.depends(
        "intake_state",
        "paid_fen",
        "refunded_fen",
        "received_at",
        "cancelled_at",
        "sale_order_id.state",
        "sale_order_id.order_line.qty_delivered",
        "sale_order_id.order_line.product_uom_qty",
    )
    def _compute_state(self):
        for order in self:
            order.state = order._erp_state()

    def _erp_state(self):
        """The state shown to shopper and staff, from the ERP's documents."""
        self.ensure_one()
        if self.intake_state != "paid":
            return self.intake_state or "unpaid"
        if self.paid_fen and self.refunded_fen >= self.paid_fen:
            return "refunded"
        # sudo: the state is shown to those who need not read sales
        sale = self.sale_order_id.sudo()
        if not sale and self.cancelled_at:
            return "cancelled"
        if not sale or sale.state in ("draft", "sent"):
            return "paid"
        if sale.state == "cancel":
            return "cancelled"
        if self.received_at:
            return "received"
        lines = sale.order_line.filtered(
            lambda line: (
                not line.display_type
                and not line.is_delivery
                and line.product_uom_qty > 0
            )
        )
        gone = [line._wx_qty_left() for line in lines]
        if gone and all(
            qty >= line.product_uom_qty for qty, line in zip(gone, lines, strict=True)
        ):
            return "shipped"
        if any(qty > 0 for qty in gone):
            return "partially_shipped"
        return "to_ship"

    @api.ondelete(at_uninstall=False)
    def _unlink_never_when_paid(self):
        if self.filtered(lambda order: order.intake_state == "paid"):
            raise UserError(
                self.env._("A paid mall order stays: it explains the money received.")
            )

    # buttons --------------------------------------------------------------------
    def action_retry_posting(self):
        """Posts the order again after an exception; says what is still wrong."""
        self.check_access("write")
        todo = self.sudo().filtered(lambda o: o.posting_state in ("exception", "todo"))
        todo._wx_post_again()
        failed = todo.filtered(lambda o: o.posting_state == "exception")
        if failed:
            return self._notify("danger", "\n".join(failed.mapped("posting_error")))
        return self._notify("success", self.env._("Posted."))

    def action_retry_shipping(self):
        """Tells WeChat again that the goods are on their way."""
        self.check_access("write")
        # sudo: the right was checked above; the fields are nobody's to write
        self.sudo()._wx_queue_shipping()
        return self._notify("success", self.env._("Queued for reporting to WeChat."))

    def action_close(self):
        """Closes an unpaid order for the shopper: WeChat first, then the hold."""
        self.check_access("write")
        # sudo: the right was checked above; the fields are nobody's to write
        for order in self.sudo():
            if order.intake_state != "unpaid":
                raise UserError(self.env._("Only an unpaid order can be closed."))
            reason = self.env._("Closed by %(user)s", user=self.env.user.name)
            result = self.env["wx.order.closing"]._close_order(order, reason, "staff")
            if result == "unknown":
                return self._notify(
                    "warning",
                    self.env._("WeChat did not confirm yet; the order stays open."),
                )
        return self._notify("success", self.env._("Done."))

    def action_refund(self):
        """Opens the refund wizard."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Refund"),
            "res_model": "wx.order.refund.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_order_id": self.id},
        }

    def action_show_receiver(self):
        """Clear text of the receiver in a dialog; logged with the user's name."""
        self.ensure_one()
        self.check_access("read")
        address = self.address_ids[:1]
        if not address:
            raise UserError(self.env._("This order has no receiver."))
        clear = address._wx_clear(self.env._("Shown on order %(name)s", name=self.name))
        return self._notify(
            "info",
            f"{clear['name']} {clear['phone']}\n{clear['address']}",
            sticky=True,
        )

    def action_open_sale(self):
        self.ensure_one()
        return self._open("sale.order", self.sale_order_id)

    def action_open_pickings(self):
        self.ensure_one()
        return self._open("stock.picking", self.picking_ids)

    def action_open_invoices(self):
        self.ensure_one()
        return self._open("account.move", self.invoice_ids)

    def action_open_attempts(self):
        self.ensure_one()
        return self._open("payment.transaction", self.payment_attempt_ids)

    def _open(self, model, records):
        action = {"type": "ir.actions.act_window", "res_model": model}
        if len(records) == 1:
            return {**action, "res_id": records.id, "views": [(False, "form")]}
        return {
            **action,
            "name": records._description,
            "views": [(False, "list"), (False, "form")],
            "domain": [("id", "in", records.ids)],
        }

    def _notify(self, kind, message, sticky=False):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": kind,
                "message": message,
                "sticky": sticky,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    # helpers --------------------------------------------------------------------
    def _set_refunded(self, fen):
        self.write({"refunded_fen": fen, "amount_refunded": to_yuan(fen)})
