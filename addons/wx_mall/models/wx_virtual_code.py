from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.wx_base.fields import WxEncrypted

from ..services import virtual_sql

STATES = [
    ("free", "Free"),
    ("held", "Held by an unpaid order"),
    ("assigned", "Sold"),
    ("retired", "Retired"),
]


class WxVirtualCode(models.Model):
    """One card key, licence or voucher code: encrypted, sold once.

    ``code`` may hold number and password in one line. Clear text is seen only by the
    shopper who paid and by staff through the logged reveal; it cannot be exported.
    """

    _name = "wx.virtual.code"
    _description = "Code of virtual goods"
    _log_access = False
    _order = "id desc"
    _rec_name = "id"

    pool_id = fields.Many2one(
        "wx.virtual.code.pool",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    product_id = fields.Many2one(
        related="pool_id.product_id", store=True, precompute=True, string="SKU"
    )
    company_id = fields.Many2one(
        related="pool_id.company_id", store=True, precompute=True
    )
    code = WxEncrypted("Code", digest="code_digest", required=True, readonly=True)
    state = fields.Selection(
        STATES, required=True, readonly=True, default="free", index=True
    )
    valid_until = fields.Date(help="Not sold after this day.")
    order_id = fields.Many2one(
        "wx.order",
        "Mall order",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    created_at = fields.Datetime(
        "Loaded", required=True, readonly=True, default=fields.Datetime.now
    )
    assigned_at = fields.Datetime("Sold at", readonly=True)
    revealed_at = fields.Datetime(
        "Seen", readonly=True, help="When the shopper read it first; then it is used."
    )
    retired_at = fields.Datetime("Retired at", readonly=True)

    _code_uniq = models.UniqueIndex(
        "(company_id, code_digest)", "This code was loaded before."
    )
    _free_idx = models.Index("(product_id, company_id, id) WHERE state = 'free'")
    _sold_has_order = models.Constraint(
        "CHECK(state NOT IN ('held', 'assigned') OR order_id IS NOT NULL)",
        "A code that is held or sold belongs to an order.",
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_only_free(self):
        if self.filtered(lambda code: code.state != "free"):
            raise UserError(self.env._("Only free codes can be deleted."))

    def action_retire(self):
        """Takes free codes out of sale for ever (a supplier's mistake)."""
        self.check_access("unlink")
        # guarded: a shopper may buy it at this moment
        self.env.cr.execute(
            "UPDATE wx_virtual_code SET state = 'retired',"
            " retired_at = now() AT TIME ZONE 'UTC'"
            " WHERE id = ANY(%s) AND state = 'free'",
            (self.ids,),
        )
        if self.env.cr.rowcount < len(self):
            raise UserError(self.env._("Only free codes can be retired."))
        self.invalidate_recordset()

    # orders ---------------------------------------------------------------------
    @api.model
    def _pooled(self, products, company):
        """Those of ``products`` whose pieces are codes in this company."""
        if not products:
            return products
        # sudo: whether there is a pool, never its codes
        pools = self.env["wx.virtual.code.pool"].sudo()
        return pools.search(
            [("product_id", "in", products.ids), ("company_id", "=", company.id)]
        ).product_id

    @api.model
    def _run(self, statement, **params):
        self.env.flush_all()
        self.env.cr.execute(statement, params, log_exceptions=False)
        self.invalidate_model()
        return self.env.cr.rowcount

    @api.model
    def _assign(self, orders):
        """Hands codes to paid orders, up to the pieces of their sales orders; what is
        missing becomes an exception of the order. Safe to repeat.

        Sets the delivered quantity of the sales order lines: what has no code yet is
        neither delivered nor invoiced.
        """
        pooled = {
            company: self._pooled(orders.line_ids.product_id, company)
            for company in orders.company_id
        }
        if not any(pooled.values()):
            return
        self._run(virtual_sql.PAID, orders=orders.ids)
        for order in orders:
            products = order.line_ids.product_id & pooled[order.company_id]
            short = products.filtered(lambda p, o=order: not self._fill(o, p))
            for product in short:
                order._wx_exception(
                    "virtual_codes_short",
                    self.env._(
                        "There are not enough codes of %(name)s.",
                        name=product.display_name,
                    ),
                    product_id=product.id,
                )
            if products and not short:
                order._wx_end_exceptions(
                    ["virtual_codes_short"], self.env._("The codes were handed over.")
                )

    def _fill(self, order, product) -> bool:
        """Assigns what is missing of one SKU; True when nothing is."""
        lines = order.line_ids.filtered(lambda li: li.product_id == product)
        sale_lines = lines.sale_line_ids
        wanted = int(sum(sale_lines.mapped("product_uom_qty")))
        has = self._handed_over(order, product)
        if has < wanted:
            self._run(
                virtual_sql.TAKE,
                skus=[product.id],
                qtys=[wanted - has],
                company=order.company_id.id,
                order=order.id,
                state="assigned",
            )
            has = self._handed_over(order, product)
        left = has
        for line in sale_lines:
            part = min(left, line.product_uom_qty)
            if line.qty_delivered != part:
                line.qty_delivered = part
            left -= part
        return has >= wanted

    @api.model
    def _handed_over(self, order, product) -> int:
        """Codes that an order got, also those that were refunded since: a delivered
        piece stays delivered and is credited."""
        return self.search_count(
            [
                ("order_id", "=", order.id),
                ("product_id", "=", product.id),
                ("state", "in", ("assigned", "retired")),
            ]
        )

    @api.model
    def _retire_refunded(self, order, wanted):
        """Retires the codes of refunded pieces.

        :param wanted: ``{wx.order.line: pieces}``
        :raises UserError: the shopper has seen too many of them
        """
        pooled = self._pooled(order.line_ids.product_id, order.company_id)
        for line, qty in wanted.items():
            if line.product_id not in pooled or not qty:
                continue
            has = self._handed_over(order, line.product_id)
            missing = int(sum(line.sale_line_ids.mapped("product_uom_qty"))) - has
            todo = qty - max(missing, 0)  # a piece without a code needs no retirement
            if todo > 0 and todo > self._run(
                virtual_sql.RETIRE,
                order=order.id,
                product=line.product_id.id,
                qty=todo,
            ):
                raise UserError(
                    self.env._(
                        "The shopper has read codes of %(name)s: they are used and "
                        "cannot be taken back. Refund an amount without goods if you "
                        "want to be kind.",
                        name=line.title,
                    )
                )

    @api.model
    def _cron_assign(self):
        """Hourly, and after every import: orders that wait for codes."""
        # sudo: acts for the shop, whoever caused it
        waiting = (
            self.env["wx.order.exception"]
            .sudo()
            .search([("kind", "=", "virtual_codes_short"), ("state", "=", "open")])
        )
        # sudo: acts for the shop, whoever caused it
        self.sudo()._assign(waiting.order_id)
        # held for an order that was closed or deleted behind our back
        self._run(
            "UPDATE wx_virtual_code c SET state = 'free', order_id = NULL"
            " WHERE c.state = 'held' AND EXISTS (SELECT 1 FROM wx_order o"
            " WHERE o.id = c.order_id AND o.intake_state = 'closed')"
        )
