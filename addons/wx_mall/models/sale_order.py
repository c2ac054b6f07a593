from odoo import fields, models
from odoo.exceptions import RedirectWarning, UserError

from odoo.addons.sale.models.sale_order import SaleOrder as CoreSaleOrder

from ..services.own_step import own_step

#: what was settled with the payment
PAID_FIELDS = {"partner_id", "pricelist_id", "fiscal_position_id", "currency_id"}


class SaleOrder(models.Model):
    _inherit = "sale.order"

    wx_order_id = fields.Many2one(
        "wx.order",
        "Mall order",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )

    # the way back: without it the ORM searches the order at every stock move, because
    # the order's state depends on the moves of its sales order
    wx_mall_order_ids = fields.One2many(
        "wx.order",
        "sale_order_id",
        "Mall orders",
        groups="wx_base.group_wx_operator",
    )

    def message_post(self, **kwargs):
        """No "invoice paid" message per order of a batch (context ``wx_posting``): the
        invoices are applied to the advance right where they are made."""
        if own_step(self.env, "wx_posting") and all(self.mapped("wx_order_id")):
            return self.env["mail.message"]
        return super().message_post(**kwargs)

    def action_confirm(self):
        """Mall orders skip the ERP's own loyalty programmes: the mall's engine has
        priced the promotion once, core would grant its points on top."""
        mall = self.filtered("wx_order_id")
        if not mall:
            return super().action_confirm()
        others = self - mall
        done = super(SaleOrder, others).action_confirm() if others else True
        mall._wx_confirm()
        return done

    def _wx_confirm(self):
        """Core's own confirmation (stock, lock) without what wraps it."""
        quiet = self.with_context(send_email=False, mail_notrack=True)
        return CoreSaleOrder.action_confirm(quiet)

    def _send_order_notification_mail(self, mail_template, *args, **kwargs):
        """A shopper is told by WeChat; core would render a PDF for an e-mail that has
        no address (``reference/odoo-19.md`` §11)."""
        self.ensure_one()
        if self.wx_order_id:
            return None
        return super()._send_order_notification_mail(mail_template, *args, **kwargs)

    def _create_invoices(self, grouped=False, final=False, date=None):
        """Invoices of the mall follow the delivery, with the advance applied to them:
        one made by hand would stand beside the payment."""
        if not own_step(self.env, "wx_posting"):
            for order in self.filtered("wx_order_id"):
                raise UserError(
                    self.env._(
                        "%(order)s was paid in the mall: its invoice is made by itself "
                        "when the goods leave.",
                        order=order.name,
                    )
                )
        return super()._create_invoices(grouped=grouped, final=final, date=date)

    def _prepare_invoice(self):
        values = super()._prepare_invoice()
        if self.wx_order_id:
            # The payment stands on the advance account and is applied per invoice.
            values["transaction_ids"] = []
            values["ref"] = self.wx_order_id.name
            # set at once: written later, the date makes core compute all lines again
            dates = self.env.context.get("wx_invoice_dates", {})
            if self.id in dates:
                values["invoice_date"] = dates[self.id]
        return values

    def write(self, vals):
        """Whose order it is and how it is priced was settled with the payment."""
        changed = PAID_FIELDS & set(vals)
        if changed and not own_step(self.env, "wx_refund"):
            for order in self.filtered(lambda o: o.wx_order_id and o.state == "sale"):
                for name in changed:
                    if order[name].id != (vals[name] or False):
                        raise UserError(
                            self.env._(
                                "%(order)s was paid in the mall: customer, price list "
                                "and taxes of a paid order are not changed.",
                                order=order.name,
                            )
                        )
        return super().write(vals)

    def action_draft(self):
        """A cancelled mall order is refunded: it does not begin again."""
        for order in self.filtered("wx_order_id"):
            raise UserError(
                self.env._(
                    "The payment of %(order)s goes back to the shopper, who can place "
                    "a new order.",
                    order=order.name,
                )
            )
        return super().action_draft()

    def _action_cancel(self):
        """The money of a mall order must go back: never a silent cancellation."""
        if not own_step(self.env, "wx_refund"):
            for order in self.filtered("wx_order_id"):
                order._wx_check_cancel()
        # the deliveries go with it: nobody is to be told that they are missing
        quiet = self.with_context(wx_cancelling=True)
        done = super(SaleOrder, quiet)._action_cancel()
        for mall in self.wx_order_id.sudo():
            mall._wx_sync_holds()
            mall._wx_check_undelivered()
        return done

    def _wx_check_cancel(self):
        # sudo: whoever books or pays need not read mall orders
        mall = self.wx_order_id.sudo()
        if any(line.qty_delivered > 0 for line in self.order_line):
            raise UserError(
                self.env._(
                    "Goods of mall order %(name)s have left: refund it from the mall "
                    "order instead, and make a return for what comes back.",
                    name=mall.name,
                )
            )
        if mall._wx_refundable_fen() > 0:
            raise RedirectWarning(
                self.env._(
                    "Mall order %(name)s was paid through WeChat. Cancelling it means "
                    "refunding what is left of the payment.",
                    name=mall.name,
                ),
                mall.action_refund(),
                self.env._("Refund and cancel"),
                {"default_order_id": mall.id, "default_mode": "all"},
            )

    def action_wx_open_order(self):
        """Smart button: the mall order behind this sales order."""
        self.ensure_one()
        return self.wx_order_id._open("wx.order", self.wx_order_id)
