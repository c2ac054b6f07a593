import base64

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.wx_base.money import to_fen, to_yuan

from ..models.wx_after_sale import KINDS
from ..services.photo import BadPhoto, clean_jpeg
from ..services.wx_after_sale_asking import Asked


class WxAfterSaleEntry(models.TransientModel):
    """Staff enter an after-sale for a shopper who called or wrote.

    It asks for no more than the shopper could ask over the API
    (``wx.after.sale.asking``) and shows what would go back before anything is made.
    The time limit of the mini-program for after-sales does not bind staff.
    """

    _name = "wx.after.sale.entry"
    _inherit = "wx.order.lines.mixin"
    _description = "Enter an after-sale"

    order_id = fields.Many2one(
        "wx.order", required=True, readonly=True, ondelete="cascade"
    )
    picking_id = fields.Many2one("stock.picking", "Delivery", readonly=True)
    currency_id = fields.Many2one(related="order_id.currency_id")
    kind = fields.Selection(
        KINDS,
        required=True,
        compute="_compute_kind",
        store=True,
        readonly=False,
        precompute=True,
    )
    reason_ids = fields.Many2many(
        "wx.after.sale.reason", compute="_compute_reason_ids", string="Reasons offered"
    )
    reason_id = fields.Many2one(
        "wx.after.sale.reason", required=True, domain="[('id', 'in', reason_ids)]"
    )
    needs_photo = fields.Boolean(related="reason_id.needs_photo")
    description = fields.Text("What the shopper says")
    photo_ids = fields.Many2many(
        "ir.attachment",
        "wx_after_sale_entry_photo_rel",
        "entry_id",
        "attachment_id",
        "Photos",
    )
    staff_note = fields.Text("Note", help="For staff only; shoppers never see it.")
    seller_fault = fields.Boolean(
        "Seller's fault",
        compute="_compute_seller_fault",
        store=True,
        readonly=False,
        help="Freight is refunded with the goods.",
    )
    line_ids = fields.One2many("wx.after.sale.entry.line", "entry_id", "Goods")
    # the account of it, before it is confirmed
    goods = fields.Monetary("For the goods", compute="_compute_account")
    freight = fields.Monetary(compute="_compute_account")
    total = fields.Monetary("Goes back", compute="_compute_account")
    refundable = fields.Monetary(
        "Can still go back",
        compute="_compute_account",
        help="Paid, less what was refunded and what other after-sales ask for.",
    )
    left = fields.Monetary("Left afterwards", compute="_compute_account")
    warning = fields.Text(compute="_compute_account")
    two_persons = fields.Boolean(compute="_compute_account")
    # what it made: once, however often the button is pressed
    after_sale_id = fields.Many2one("wx.after.sale", readonly=True)

    @api.depends("order_id")
    def _compute_kind(self):
        # stored fields are computed as superuser
        self.order_id.sudo(False).check_access("read")
        for entry in self:
            free = entry._asking()._free(entry.order_id.sudo()).values()
            came = any(part["delivered"] for part in free)
            entry.kind = "return_refund" if came else "refund_only"

    @api.depends("order_id", "kind")
    def _compute_reason_ids(self):
        for entry in self:
            reasons = entry._asking()._reasons(entry.order_id)
            entry.reason_ids = reasons.filtered(
                lambda reason, e=entry: e.kind and reason._wx_fits(e.kind)
            )

    @api.depends("reason_id")
    def _compute_seller_fault(self):
        for entry in self:
            entry.seller_fault = entry.reason_id.seller_fault

    @api.onchange("kind")
    def _onchange_kind(self):
        if self.reason_id and self.reason_id not in self.reason_ids:
            self.reason_id = False

    @api.depends(
        "order_id",
        "kind",
        "reason_id",
        "seller_fault",
        "line_ids.qty",
        "line_ids.amount",
    )
    def _compute_account(self):
        # stored fields are computed as superuser
        self.order_id.sudo(False).check_access("read")
        for entry in self:
            # amounts are shown to whoever may read the order
            order = entry.order_id.sudo()
            room = entry._asking()._room(order)
            asked, warning, goods, freight = entry._asked(), False, 0, 0
            if asked:
                try:
                    values = entry._values()
                    goods = sum(line["amount_fen"] for line in values)
                    freight = entry._asking()._freight(
                        order, entry.kind, asked, entry.seller_fault
                    )
                except UserError as error:
                    warning = str(error)
            if entry.kind == "exchange":
                goods = 0
            entry.goods, entry.freight = to_yuan(goods), to_yuan(freight)
            entry.total = to_yuan(goods + freight)
            entry.refundable = to_yuan(room)
            entry.left = to_yuan(max(0, room - goods - freight))
            entry.warning = warning or entry._late_text()
            entry.two_persons = entry.kind != "exchange" and order._wx_needs_two(
                goods + freight
            )

    def _late_text(self):
        # sudo: acts for the shop, whoever caused it
        code = self._asking()._closed(self.order_id.sudo())
        texts = {
            "order_state": self.env._("Only a paid order can be refunded."),
            "refunded": self.env._("Everything was refunded already."),
            "too_late": self.env._(
                "The time for after-sales of this order is over: it is your decision."
            ),
        }
        return texts.get(code, False)

    def _asking(self):
        # reads stock and sales of the order; its reader was checked
        return self.env["wx.after.sale.asking"].sudo()

    def _asked(self):
        """What is asked for; a smaller amount only where the goods are kept."""
        result = []
        for line in self.line_ids.filtered(lambda li: li.qty > 0):
            fen = to_fen(line.amount)
            part = self.kind == "refund_only" and fen < to_fen(line.amount_max)
            # sudo: counts and amounts for whoever may read the order
            goods = line.order_line_id.sudo()
            result.append(Asked(goods, line.qty, fen if part else None))
        return result

    def _values(self):
        # sudo: counts and amounts for whoever may read the order
        order = self.order_id.sudo()
        seven_day = self.reason_id.no_reason
        return self._asking()._values(order, self.kind, self._asked(), seven_day)

    # buttons --------------------------------------------------------------------
    def action_enter(self):
        """Makes the after-sale; somebody approves or rejects it."""
        self._enter()
        return self.order_id._open("wx.after.sale", self.after_sale_id)

    def action_enter_and_approve(self):
        """Makes and approves it; above the limit this counts as the first approval."""
        if self._enter():
            # sudo: counts and amounts for whoever may read the order
            record = self.after_sale_id.sudo()
            if record.env["wx.after.sale.flow"]._needs_two(record):
                record._move("approve_first", first_approver_id=self.env.uid)
            else:
                record.env["wx.after.sale.flow"]._approve(record)
        return self.order_id._open("wx.after.sale", self.after_sale_id)

    def _enter(self) -> bool:
        """Makes the after-sale; False when it was made already.

        :raises UserError: more than is allowed, no goods, no photo where the reason
            needs one, not a picture; AccessError: not service or operator
        """
        self.ensure_one()
        self._check_staff()
        # sudo: the right was checked above; the fields are nobody's to write
        order = self.order_id.sudo()
        order._wx_lock()
        if self.after_sale_id:
            return False
        code = self._asking()._closed(order)
        if code and code != "too_late":
            raise UserError(self._late_text())
        if not self._asked():
            raise UserError(self.env._("Enter the pieces it is about."))
        if self.reason_id not in self.reason_ids:
            raise UserError(self.env._("Choose one of the reasons offered"))
        if self.needs_photo and not self.photo_ids:
            raise UserError(self.env._("Add a picture of the goods for this reason"))
        self.after_sale_id = self._make(order)
        return True

    def _check_staff(self):
        user = self.env.user
        self.order_id.check_access("read")
        if not self.env.su and not (
            user.has_group("wx_base.group_wx_service")
            or user.has_group("wx_base.group_wx_operator")
        ):
            raise AccessError(self.env._("After-sales are handled by service staff."))

    def _make(self, order):
        pictures = [
            {"user_id": order.user_id.id, "image": image} for image in self._pictures()
        ]
        record = order.env["wx.after.sale"].create(
            {
                "user_id": order.user_id.id,
                "order_id": order.id,
                "kind": self.kind,
                "reason_id": self.reason_id.id,
                "description": self.description,
                "staff_note": self.staff_note,
                "seller_fault": self.seller_fault,
                "no_reason": self.reason_id.no_reason,
                "requested_uid": self.env.uid,
                "line_ids": [Command.create(values) for values in self._values()],
                "photo_ids": [Command.create(values) for values in pictures],
            }
        )
        record.due_at = record._clock("requested")
        order._wx_log("after_sale", record.name, who="staff", after_sale=record.id)
        return record

    def _pictures(self):
        """Cleaned pictures as base64, in the form the ORM stores them."""
        result = []
        for attachment in self.photo_ids:
            try:
                jpeg = clean_jpeg((attachment.datas or b"").decode())
            except BadPhoto as error:
                raise UserError(
                    self.env._("Send a JPEG, PNG or WebP picture of at most 5 MB")
                ) from error
            result.append(base64.b64encode(jpeg))
        return result
