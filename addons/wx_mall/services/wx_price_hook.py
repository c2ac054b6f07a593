from typing import NamedTuple

from odoo import api, models


class PriceAsk(NamedTuple):
    """What a promotion may look at. ``skus``: {SKU id: (pieces, base price in fen)};
    ``coupons``: codes that the shopper chose; ``points``: how many to spend;
    ``placing``: an order is being placed (False: cart or confirmation)."""

    user_id: int
    app_id: int
    company_id: int
    skus: dict
    coupons: tuple
    points: int
    placing: bool


class WxPriceHook(models.AbstractModel):
    """Where other modules bring promotions into the price engine.

    Extend it with ``_inherit = "wx.price.hook"`` and call ``super()``. The mall itself
    has no promotions: every method answers with nothing.
    """

    _name = "wx.price.hook"
    _description = "Promotions in the price engine"

    @api.model
    def _facts(self, cr, ask) -> list:
        """Promotions of this shopper for these SKUs, as ``pricing.facts.Fact``.

        Called once per cart, confirmation and order, on the hot path: at most one SQL
        statement on ``cr`` (READ COMMITTED while placing), no ORM.

        A chosen coupon is a fact of stage ``coupon`` with its code; points are one of
        stage ``points``. A code without its fact is refused by the caller.

        :param ask: :class:`PriceAsk`
        """
        return []

    @api.model
    def _pools(self, ask, pricing) -> dict:
        """Pieces of this order that are sold from the stock of a campaign, as
        ``{SKU id: {id of a wx.stock.pool of kind campaign: pieces}}``.

        Called once per confirmation and order, after the price: no SQL, the pools are
        in the facts that :meth:`_facts` read. Named pieces come from their pool only,
        or the order is refused as sold out; the other pieces of the line come from the
        stock of the shop. What is left in a pool: ``wx.stock.pool._sellable``.

        :param pricing: ``pricing.calculator.Pricing``
        """
        return {}

    @api.model
    def _taken(self, cr, order_id, ask, pricing):
        """An order was written with these promotions, in this very transaction: use
        up coupons, points, quotas with guarded updates.

        :param pricing: ``pricing.calculator.Pricing``
        :raises WxError: something is used up; the order is rolled back
        """

    @api.model
    def _slots(self, ctx, ask, pricing) -> dict:
        """What the confirmation page offers beside the goods.

        :return: ``coupons``: what could be chosen, best first, as [{code, title,
            off_fen, usable, reason}]; ``invites``: shared purchases that can be started
            or joined, as [{code, title, sku_id, price_fen}]
        """
        return {"coupons": [], "invites": []}
