from odoo import fields, models


class WxOrderException(models.Model):
    """What accounting refuses: a lock date, an account or journal that is missing or
    archived, a currency without a rate, a payment that cannot be booked."""

    _inherit = "wx.order.exception"

    move_id = fields.Many2one(
        "account.move", "Entry", readonly=True, index="btree_not_null"
    )

    def _automatic(self):
        return {**super()._automatic(), "ledger": "_retry_ledger"}

    def _open_key(self, values):
        key = super()._open_key(values)
        return f"{key}:move{values['move_id']}" if values.get("move_id") else key

    def _retry_ledger(self):
        """Books again what was refused; an entry made by hand waits for a person."""
        for record in self.filtered(lambda r: not r.move_id):
            if record.transaction_id:
                record.transaction_id._wx_book_again()
            record.order_id._wx_post_again()

    def action_open_entry(self):
        """Smart button: the entry somebody made by hand."""
        self.ensure_one()
        return self.order_id._open("account.move", self.move_id)


class WxOrder(models.Model):
    _inherit = "wx.order"

    def _wx_post_again(self):
        """Posts again what was refused: the sales order, or what follows it. Success
        ends the exception, failure keeps it with the new reason."""
        todo = self.filtered(lambda o: o.posting_state in ("exception", "todo"))
        posted = todo.filtered(lambda o: o.sale_order_id.state == "sale")
        self.env["wx.order.posting"]._post_orders(todo - posted)
        self.env["wx.order.invoicing"]._again(posted)
