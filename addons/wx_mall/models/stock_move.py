from odoo import models


class StockMove(models.Model):
    """Core also reserves without the picking's button: when a receipt arrives
    (``_trigger_assign``) and in the scheduler."""

    _inherit = "stock.move"

    def _action_assign(self, force_qty=False):
        done = super()._action_assign(force_qty=force_qty)
        self._wx_hand_over_holds()
        return done

    def _do_unreserve(self):
        done = super()._do_unreserve()
        self._wx_hand_over_holds()
        return done

    def _wx_hand_over_holds(self):
        """The holds of mall orders follow what the ERP has reserved."""
        # sudo: stock users do not read mall orders of every company
        self.sudo().sale_line_id.order_id.wx_order_id._wx_sync_holds()
