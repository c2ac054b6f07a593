from odoo import api, fields, models

from odoo.addons.wx_base.money import to_fen, to_yuan


class WxOrderPrice(models.TransientModel):
    """Staff lower what an unpaid order costs."""

    _name = "wx.order.price"
    _description = "Change price of a mall order"

    order_id = fields.Many2one(
        "wx.order", required=True, readonly=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="order_id.currency_id")
    goods = fields.Monetary(compute="_compute_full", help="After promotions.")
    full_freight = fields.Monetary(compute="_compute_full", string="Computed freight")
    limit_percent = fields.Float("Your limit (%)", compute="_compute_full")
    off = fields.Monetary(
        "Take off the goods", compute="_compute_start", store=True, readonly=False
    )
    freight = fields.Monetary(
        "New freight", compute="_compute_start", store=True, readonly=False
    )
    amount = fields.Monetary("To pay", compute="_compute_amount")
    percent = fields.Float("Taken off (%)", compute="_compute_amount")
    reason = fields.Char(required=True)

    @api.depends("order_id")
    def _compute_full(self):
        manager = self.env.user.has_group("wx_base.group_wx_manager")
        for wizard in self:
            order = wizard.order_id
            goods, freight = order._wx_full_fen() if order else (0, 0)
            wizard.goods, wizard.full_freight = to_yuan(goods), to_yuan(freight)
            app = order.app_id.sudo()  # the limit, not the settings
            wizard.limit_percent = 100.0 if manager else app.price_change_percent

    @api.depends("order_id")
    def _compute_start(self):
        # stored fields are computed as superuser
        self.order_id.sudo(False).check_access("read")
        for wizard in self:
            wizard.off = to_yuan(wizard.order_id.staff_discount_fen)
            wizard.freight = to_yuan(wizard.order_id.freight_fen)

    @api.depends("off", "freight", "goods", "full_freight")
    def _compute_amount(self):
        for wizard in self:
            full = wizard.goods + wizard.full_freight
            wizard.amount = wizard.goods - wizard.off + wizard.freight
            wizard.percent = (full - wizard.amount) / full * 100 if full else 0.0

    def action_change(self):
        """Changes the price; the shopper sees it at once."""
        self.ensure_one()
        self.env["wx.order.staff"]._change_price(
            self.order_id, to_fen(self.off), to_fen(self.freight), self.reason
        )
        return self.order_id._notify(
            "success",
            self.env._("The shopper now pays ¥%(amount).2f.", amount=self.amount),
        )
