from odoo import api, fields, models

_DESCRIPTION_CHARS = 40  # WeChat allows 127 bytes; a Chinese character has three


class WxOrder(models.Model):
    """The order as a payable of wx_pay."""

    _inherit = "wx.order"

    payer_id = fields.Many2one(
        "wx.user",
        "Paid By",
        readonly=True,
        index="btree_not_null",
        help="Who paid at WeChat. A refund goes back to them; the order stays the "
        "shopper's.",
    )
    paid_by_friend = fields.Boolean(
        compute="_compute_paid_by_friend", search="_search_paid_by_friend"
    )

    @api.depends("payer_id", "user_id")
    def _compute_paid_by_friend(self):
        for order in self:
            order.paid_by_friend = order.payer_id and order.payer_id != order.user_id

    def _search_paid_by_friend(self, operator, value):
        if operator != "in":
            return NotImplemented
        self.flush_model(["payer_id", "user_id"])
        self.env.cr.execute("SELECT id FROM wx_order WHERE payer_id != user_id")
        ids = [row[0] for row in self.env.cr.fetchall()]
        return [("id", "in" if True in value else "not in", ids)]

    # payable --------------------------------------------------------------------
    def _wx_payable_info(self):
        """See ``wx.payable.mixin``; the payment ends when the hold ends."""
        self.ensure_one()
        title = (self.line_ids[:1].title or self.name)[:_DESCRIPTION_CHARS]
        count = len(self.line_ids)
        if count > 1:
            title = self.env._(
                "%(title)s and %(count)s more", title=title, count=count - 1
            )
        return {
            "amount_fen": self.amount_fen,
            "description": title,
            "openid": self.user_id.openid,
            "app": self.app_id,
            "company": self.company_id,
            "partner_id": self.user_id.partner_id.id or None,
            "reference_prefix": self.name,
            "time_expire": self.expires_at,
        }

    def _wx_payable_accepts(self, tx):
        """Only an unpaid, open order takes a payment; decided on its own row."""
        self.env.cr.execute(
            "UPDATE wx_order SET write_date = write_date"
            " WHERE id = %s AND intake_state = 'unpaid' AND amount_fen = %s",
            (self.id, tx.wx_amount_fen),
        )
        return bool(self.env.cr.rowcount)

    def _wx_payable_allows_payer(self, tx, openid):
        """The shopper, and friends who asked to pay this order by its link."""
        attempts = self.env["payment.transaction"].search(
            [
                ("wx_payable_model", "=", self._name),
                ("wx_payable_id", "=", self.id),
                ("operation", "!=", "refund"),
            ]
        )
        return openid in {self.user_id.openid, *attempts.mapped("wx_openid")}

    def _wx_on_paid(self, tx):
        """Cheap: one guarded update; the ERP documents follow in a batch job."""
        now = fields.Datetime.now()
        fen = tx.wx_amount_fen
        self.flush_recordset()
        self.env.cr.execute(
            """
            UPDATE wx_order
               SET intake_state = 'paid', state = 'paid', posting_state = 'todo',
                   paid_fen = %(fen)s, amount_paid = %(fen)s / 100.0,
                   paid_at = %(paid)s, transaction_id = %(tx)s, write_date = %(now)s,
                   payer_id = COALESCE((SELECT u.id FROM wx_user u
                                         WHERE u.app_id = wx_order.app_id
                                           AND u.openid = %(openid)s), user_id)
             WHERE id = %(id)s AND intake_state = 'unpaid'
            """,
            {
                "id": self.id,
                "fen": fen,
                "paid": tx.wx_success_time or now,
                "tx": tx.id,
                "now": now,
                "openid": tx.wx_openid or None,
            },
        )
        self.invalidate_recordset()
        self.env["wx.order.posting"]._enqueue(self.company_id.id)

    def _wx_on_payment_closed(self, tx):
        """Nothing to do: closing an order asks WeChat about every attempt itself."""

    def _wx_payment_partners(self, txs):
        """The shopper's partner, made now when the payment is posted first."""
        orders = self.browse(txs.mapped("wx_payable_id")).exists()
        partners = self.env["wx.order.posting"]._ensure_partners(orders)
        by_order = {order.id: partners[order.user_id.id] for order in orders}
        return {
            tx.id: by_order[tx.wx_payable_id]
            for tx in txs
            if tx.wx_payable_id in by_order
        }

    # after delivery -------------------------------------------------------------
    def _wx_after_delivery(self):
        """Goods left (or virtual goods were paid): invoice and tell WeChat."""
        for company in self.company_id:
            self.env["wx.order.posting"]._enqueue(company.id)
        self._wx_queue_shipping()

    def _wx_queue_shipping(self):
        """Queues the report to WeChat; the job looks what there is to report."""
        orders = self.filtered("transaction_id")
        orders.write({"shipping_state": "todo", "shipping_error": False})
        if orders:
            self.env["wx.order.shipping"]._enqueue_all(orders.ids)
