from odoo import api, models

from odoo.addons.wx_base.http import WxError

from . import intake_sql


class WxOrderHolding(models.AbstractModel):
    """Takes the stock of an order and writes the order, in one statement or not at
    all (``intake_sql.WRITE``)."""

    _name = "wx.order.holding"
    _description = "Holding of stock for mall orders"

    @api.model
    def _hold(self, cr, params, pools) -> bytes:
        """Writes the order from the first pool that can hold all of it.

        :param cr: cursor in READ COMMITTED
        :param params: arguments of ``intake_sql.WRITE`` without the pool
        :param pools: pool ids in order of preference; ``[None]`` when there are none
        :return: the JSON answer of the placed order
        :raises WxError: 409 ``stock.sold_out`` with ``sku_ids``
        """
        short = None
        for pool in pools:
            if len(pools) > 1:
                cr.execute("SAVEPOINT wx_pool")
            cr.execute(intake_sql.WRITE, {**params, "pool": pool})
            ok, held = cr.fetchone()
            if ok:
                return params["answer"].encode()
            if len(pools) > 1:
                cr.execute("ROLLBACK TO SAVEPOINT wx_pool")
            missing = [sku for sku in params["hold_skus"] if sku not in (held or ())]
            short = short or missing
        raise WxError("stock.sold_out", self.env._("Sold out"), 409, sku_ids=short)
