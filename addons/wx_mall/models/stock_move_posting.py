from odoo import models


class StockMove(models.Model):
    """Moves of mall orders that are posted in batches."""

    _inherit = "stock.move"

    def _wx_reordered(self):
        """The moves that reordering rules can be about. The job that posts a batch has
        looked once which products have rules (context ``wx_reordered``)."""
        context = self.env.context
        if not self.env.su or context.get("wx_reordered") is None:
            return self
        seen, rules = context["wx_seen"], context["wx_reordered"]
        return self.filtered(
            lambda m: m.product_id.id in rules or m.product_id.id not in seen
        )

    def _trigger_scheduler(self):
        return super(StockMove, self._wx_reordered())._trigger_scheduler()

    def _update_orderpoints(self):
        return super(StockMove, self._wx_reordered())._update_orderpoints()
