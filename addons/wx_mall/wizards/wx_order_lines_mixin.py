from odoo import Command, api, models


class WxOrderLinesMixin(models.AbstractModel):
    """A dialog about an order (``order_id``) that opens with its lines (``line_ids``
    with ``order_line_id``)."""

    _name = "wx.order.lines.mixin"
    _description = "Dialog over the lines of a mall order"

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        order = self.env["wx.order"].browse(values.get("order_id")).exists()
        if order and "line_ids" in fields_list:
            values["line_ids"] = [
                Command.create({"order_line_id": line.id}) for line in order.line_ids
            ]
        return values
