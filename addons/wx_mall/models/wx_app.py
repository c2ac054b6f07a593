from odoo import api, fields, models
from odoo.exceptions import ValidationError


class WxApp(models.Model):
    """Mall settings of a mini-program."""

    _inherit = "wx.app"
    _check_company_auto = True

    pricelist_id = fields.Many2one(
        "product.pricelist",
        "Consumer price list",
        check_company=True,
        ondelete="restrict",
        help="Prices of this list are what a shopper pays, tax included.",
    )
    fiscal_position_id = fields.Many2one(
        "account.fiscal.position",
        "Consumer fiscal position",
        check_company=True,
        ondelete="restrict",
        help="Replaces the company's price-excluded taxes by their tax-included "
        "copies on mall orders.",
    )
    warehouse_ids = fields.Many2many(
        "stock.warehouse",
        "wx_app_warehouse_rel",
        "app_id",
        "warehouse_id",
        "Warehouses",
        check_company=True,
        help="Shoppers buy from these; the first one ships.",
    )
    provider_id = fields.Many2one(
        "payment.provider",
        "Payment provider",
        check_company=True,
        domain="[('code', '=', 'wechatpay')]",
        ondelete="restrict",
    )
    order_timeout_minutes = fields.Integer(
        "Minutes to pay",
        default=30,
        help="An order not paid within this time is closed and its stock released.",
    )
    low_stock = fields.Integer(
        "Low stock from",
        default=10,
        help="Shoppers are told when no more than this many pieces are left.",
    )
    freight_product_id = fields.Many2one(
        "product.product",
        "Freight product",
        check_company=True,
        domain="[('type', '=', 'service')]",
        ondelete="restrict",
        default=lambda self: self.env.ref(
            "delivery.product_product_delivery", raise_if_not_found=False
        ),
        help="Freight of mall orders is sold as this; its tax is that of the goods.",
    )
    receive_days = fields.Integer(
        "Days until received",
        default=10,
        help="Days after the last delivery until an order counts as received, when "
        "neither the shopper nor WeChat has said so.",
    )
    cancel_mode = fields.Selection(
        [("automatic", "Refunded at once"), ("ask", "Staff must agree")],
        "Cancelling a paid order",
        required=True,
        default="automatic",
        help="What happens when a shopper cancels a paid order of which nothing has "
        "left.",
    )
    exception_auto = fields.Boolean(
        "Try remedies by itself",
        default=True,
        help="Exceptions that may cure themselves are tried again after 1, 4, 12 and "
        "24 hours; then, or without this, a person is needed.",
    )
    late_payment_mode = fields.Selection(
        [("automatic", "Goes back at once"), ("ask", "Staff decide")],
        "Payment after close",
        required=True,
        default="automatic",
        help="A payment that arrives when its order was closed already. Staff can "
        "revive the order if the goods are still there, or refund it.",
    )
    listing_ids = fields.One2many("wx.listing", "app_id", "Listings")

    _order_timeout_min = models.Constraint(
        "CHECK(order_timeout_minutes >= 1)",
        "Shoppers need at least one minute to pay.",
    )

    _receive_days_min = models.Constraint(
        "CHECK(receive_days >= 1)",
        "Shoppers need at least one day to look at what arrived.",
    )

    @api.constrains("pricelist_id")
    def _check_pricelist_currency(self):
        for app in self:
            currency = app.pricelist_id.currency_id
            if currency and currency.name != "CNY":
                raise ValidationError(
                    self.env._(
                        "WeChat Pay settles mini-program orders in CNY: the price "
                        "list %(name)s is in %(currency)s.",
                        name=app.pricelist_id.name,
                        currency=currency.name,
                    )
                )

    def write(self, vals):
        done = super().write(vals)
        if {"pricelist_id", "company_id"} & set(vals):
            self.env["wx.catalogue.service"]._mark_apps(self.ids)
        return done

    def action_wx_consumer_setup(self):
        """Button: the wizard that brings consumer taxes and prices."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Consumer taxes and prices"),
            "res_model": "wx.consumer.setup",
            "view_mode": "form",
            "target": "new",
            "context": {"default_app_id": self.id},
        }
