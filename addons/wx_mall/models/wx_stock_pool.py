from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.wx_base.tools import rc_cursor

from ..services import stock_sql


class WxStockPool(models.Model):
    """Where mall stock is counted: a warehouse, or a quota carved from one.

    A quota is kept for one mini-program (``quota``), or for a campaign (``campaign``,
    sold only through that campaign): what is carved is no longer sellable from the
    warehouse's own pool. Odoo has no place for "stock promised to a channel", only for
    locations. A quota is moved by :meth:`_carve` and never exceeds what there is.
    """

    _name = "wx.stock.pool"
    _description = "Mall stock pool"
    _order = "company_id, sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    kind = fields.Selection(
        [
            ("warehouse", "Warehouse"),
            ("quota", "Channel quota"),
            ("campaign", "Campaign stock"),
        ],
        required=True,
        default="warehouse",
    )
    parent_id = fields.Many2one(
        "wx.stock.pool",
        "Carved from",
        domain="[('kind', '=', 'warehouse'), ('company_id', '=', company_id)]",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
    )
    app_id = fields.Many2one(
        "wx.app",
        "Mini-program",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        help="Only its shoppers buy from this quota.",
    )
    exclusive = fields.Boolean(
        default=False,
        help="Products that have a quota here are sold to this mini-program from the "
        "quota only, never from the warehouse's shared stock.",
    )
    transfer_ids = fields.One2many("wx.stock.transfer", "pool_id", "History")
    warehouse_id = fields.Many2one("stock.warehouse", index=True, ondelete="cascade")
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    stock_ids = fields.One2many("wx.sku.stock", "pool_id", "Stock rows")

    _warehouse_uniq = models.UniqueIndex(
        "(warehouse_id) WHERE warehouse_id IS NOT NULL",
        "This warehouse already has a stock pool.",
    )
    _kind_fields = models.Constraint(
        "CHECK((kind = 'warehouse') = (warehouse_id IS NOT NULL)"
        " AND (kind = 'warehouse') = (parent_id IS NULL)"
        " AND (kind <> 'quota' OR app_id IS NOT NULL))",
        "A quota is carved from a warehouse's pool and belongs to a mini-program.",
    )

    @api.constrains("parent_id", "kind")
    def _check_parent(self):
        for pool in self:
            if pool.parent_id and pool.parent_id.kind != "warehouse":
                raise ValidationError(
                    self.env._("A quota is carved from a warehouse, not from a quota.")
                )

    def write(self, vals):
        """What a quota is cannot change while it has stock; it is returned first."""
        fixed = {"kind", "parent_id", "app_id", "company_id", "warehouse_id"} & set(
            vals
        )
        if fixed or vals.get("active") is False:
            busy = self.filtered(
                lambda p: (
                    p.kind != "warehouse"
                    and any(row.free or row.held for row in p.stock_ids)
                )
            )
            if busy:
                raise UserError(
                    self.env._(
                        "%(name)s still has stock: return it to the warehouse first.",
                        name=busy[0].name,
                    )
                )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_only_empty(self):
        if any(row.free or row.held for row in self.stock_ids):
            raise UserError(
                self.env._("Return the stock of a pool before you delete it.")
            )

    def _sellable(self, product_ids) -> dict:
        """``{product id: whole pieces}`` that this pool can sell now, with the deltas
        that wait; one SQL. For whoever sells from a quota or a campaign."""
        self.ensure_one()
        self.env.flush_all()
        self.env.cr.execute(
            stock_sql.SELLABLE_OF_POOL,
            {"pool": self.id, "products": list(product_ids)},
        )
        return {row[0]: int(row[1]) for row in self.env.cr.fetchall()}

    def _carve(self, product, qty, reason=None):
        """Moves ``qty`` whole pieces from the warehouse's pool into this quota;
        negative gives back. Guarded on both sides, in a READ COMMITTED step.

        :return: the ``wx.stock.transfer`` that records it
        :raises UserError: there are not so many to sell, or the quota has sold them
        """
        self.ensure_one()
        if self.kind == "warehouse" or not qty:
            raise UserError(self.env._("Choose a quota pool and a quantity."))
        self.env.flush_all()
        with rc_cursor(self.env) as cr:
            done = stock_sql.carve(cr, product.id, self.parent_id.id, self.id, qty)
            if done:
                # in the step itself: a carve without its record cannot be
                cr.execute(
                    """
                    INSERT INTO wx_stock_transfer (
                        pool_id, company_id, product_id, qty, reason, create_uid,
                        create_date, write_uid, write_date)
                    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id
                    """,
                    (
                        self.id,
                        self.company_id.id,
                        product.id,
                        qty,
                        reason or None,
                        self.env.uid,
                        fields.Datetime.now(),
                        self.env.uid,
                        fields.Datetime.now(),
                    ),
                )
                transfer_id = cr.fetchone()[0]
        self.env["wx.sku.stock"].invalidate_model()
        self.invalidate_recordset(["transfer_ids"])
        if not done:
            raise UserError(
                self.env._(
                    "%(product)s: there are not %(qty)s pieces to move; they are held, "
                    "sold, or kept as safety stock.",
                    product=product.display_name,
                    qty=f"{abs(qty):g}",
                )
            )
        return self.env["wx.stock.transfer"].browse(transfer_id)

    def _release_all(self, reason=None):
        """Gives everything unsold back to the warehouse; what is held stays."""
        moved = self.env["wx.stock.transfer"]
        for pool in self.filtered(lambda p: p.kind != "warehouse"):
            for row in pool.stock_ids:
                left = row.free - row.held
                if left > 0:
                    moved |= pool._carve(row.product_id, -left, reason)
        return moved

    def action_release_all(self):
        """Button: returns the unsold rest of these quotas to the warehouse."""
        self.check_access("write")
        # sudo: the right was checked above; the fields are nobody's to write
        self.sudo()._release_all(self.env._("Returned by %s", self.env.user.name))
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_carve(self):
        """Button: opens the wizard that carves or returns."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Carve or return stock"),
            "res_model": "wx.stock.carve.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_pool_id": self.id},
        }

    @api.model
    def _ensure_pools(self, warehouses):
        """The pools of warehouses; missing ones are made and filled from the quants."""
        # sudo: pools are kept by the system
        pools = self.sudo().with_context(active_test=False)
        pools = pools.search([("warehouse_id", "in", warehouses.ids)])
        missing = warehouses - pools.warehouse_id
        made = self.sudo().create(
            [
                {
                    "name": warehouse.name,
                    "kind": "warehouse",
                    "warehouse_id": warehouse.id,
                    "company_id": warehouse.company_id.id,
                }
                for warehouse in missing
            ]
        )
        if made:
            self.env.flush_all()
            stock_sql.load(self.env.cr, made.ids)
            self.env["wx.sku.stock"].invalidate_model()
        return pools + made
