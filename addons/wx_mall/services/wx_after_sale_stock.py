from odoo import Command, api, models


class WxAfterSaleStock(models.AbstractModel):
    """Goods of after-sales: the return picking, what passed, the replacement.

    A refund alone moves nothing: goods already shipped never come back to stock by
    money (``reference/peers.md`` §2.7).
    """

    _name = "wx.after.sale.stock"
    _description = "Goods of after-sales"

    @api.model
    def _make_return(self, record):
        """Return pickings of the deliveries the goods came with, waiting for them."""
        wanted = {}
        for line in record.line_ids:
            todo = line.qty
            for move, left in self._returnable(line.order_line_id):
                pieces = min(todo, left)
                if pieces > 0:
                    wanted.setdefault(move.picking_id, {})[move] = pieces
                    todo -= pieces
        for delivery, moves in wanted.items():
            wizard = (
                self.env["stock.return.picking"]
                .with_context(wx_refund=True)
                .create({"picking_id": delivery.id})
            )
            for row in wizard.product_return_moves:
                # the sales order stays delivered: money goes back by the refund
                row.write({"quantity": moves.get(row.move_id, 0), "to_refund": False})
            picking = wizard._create_return()
            picking.write(
                {
                    "wx_after_sale_id": record.id,
                    "wx_after_sale_role": "return",
                    "origin": record.name,
                }
            )

    def _returnable(self, order_line):
        """``[(done delivery move, pieces not given back)]`` of a mall line, the
        replacements of exchanges among them."""
        result = []
        replaced = self.env["stock.move"].search(
            [("wx_after_sale_line_id.order_line_id", "=", order_line.id)]
        )
        for move in (order_line.sale_line_ids.move_ids | replaced).sorted("id"):
            if move.state != "done" or move.location_dest_id.usage != "customer":
                continue
            back = move.returned_move_ids.filtered(lambda m: m.state != "cancel")
            left = move.quantity - sum(
                m.quantity if m.state == "done" else m.product_uom_qty for m in back
            )
            if left > 0:
                result.append((move, left))
        return result

    def _open_returns(self, record):
        return record.picking_ids.filtered(
            lambda p: (
                p.wx_after_sale_role == "return" and p.state not in ("done", "cancel")
            )
        )

    @api.model
    def _drop_return(self, record):
        """Nothing comes back: its return pickings are cancelled."""
        self._open_returns(record).action_cancel()

    @api.model
    def _book_return(self, record):
        """Receives the pieces: passed ones into stock, failed ones into the location
        of damaged returns; what did not come back stays out."""
        left = {line: [line.passed_qty, line.failed_qty] for line in record.line_ids}
        for picking in self._open_returns(record):
            for move in picking.move_ids:
                goods = move._wx_goods()
                line = record.line_ids.filtered(
                    lambda li, g=goods: li.order_line_id == g
                )[:1]
                self._split_move(move, left.get(line, [0, 0]))
            if not sum(picking.move_ids.mapped("quantity")):
                picking.action_cancel()
                continue
            picking.move_ids.picked = True
            picking.with_context(
                wx_after_sale_booking=True, cancel_backorder=True
            )._action_done()

    def _split_move(self, move, left):
        """Sets the done quantities of one return move; ``left`` is used up."""
        room = int(move.product_uom_qty)
        passed = min(left[0], room)
        failed = min(left[1], room - passed)
        left[0] -= passed
        left[1] -= failed
        if failed:
            damaged = move.picking_type_id.warehouse_id._wx_damage_location()
            apart = move
            if room > failed:
                apart = self.env["stock.move"].create(move._split(failed))
            apart.location_dest_id = damaged
            apart._action_confirm(merge=False)
            apart.move_line_ids.unlink()
            apart.quantity = failed
            apart.move_line_ids.location_dest_id = damaged
            if apart == move:
                return
        move.move_line_ids.unlink()
        move.quantity = passed

    @api.model
    def _read_return(self, record):
        """Takes over what stock staff booked: received into stock is passed."""
        done = record.picking_ids.filtered(
            lambda p: p.wx_after_sale_role == "return" and p.state == "done"
        ).move_ids.filtered(lambda m: m.state == "done")
        for line in record.line_ids:
            moves = done.filtered(lambda m, li=line: m._wx_goods() == li.order_line_id)
            pieces = min(line.qty, int(sum(moves.mapped("quantity"))))
            line.write({"passed_qty": pieces, "failed_qty": 0})

    @api.model
    def _resend(self, record):
        """A new delivery of the exchanged goods, without payment and outside the sales
        order (which is delivered and invoiced)."""
        warehouse = record.order_id.sale_order_id.warehouse_id
        pieces = {
            line: line.passed_qty + line.failed_qty
            for line in record.line_ids
            if line.passed_qty + line.failed_qty and line.product_id.type == "consu"
        }
        return self._deliver(
            record, "exchange", warehouse, warehouse.lot_stock_id, pieces
        )

    def _deliver(self, record, role, warehouse, source, pieces):
        """A reserved delivery to the shopper outside the sales order: it is neither
        invoiced nor counted as delivered.

        :param source: stock.location the goods lie in
        :param pieces: ``{after-sale line: pieces}``
        """
        partner = record.order_id.user_id.partner_id
        kind = warehouse.out_type_id
        target = partner.property_stock_customer or kind.default_location_dest_id
        moves = [
            {
                "product_id": line.product_id.id,
                "product_uom": line.product_id.uom_id.id,
                "product_uom_qty": qty,
                "location_id": source.id,
                "location_dest_id": target.id,
                "wx_after_sale_line_id": line.id,
            }
            for line, qty in pieces.items()
        ]
        picking = self.env["stock.picking"].create(
            {
                "picking_type_id": kind.id,
                "partner_id": partner.id,
                "location_id": source.id,
                "location_dest_id": target.id,
                "origin": record.name,
                "company_id": record.company_id.id,
                "wx_after_sale_id": record.id,
                "wx_after_sale_role": role,
                "move_ids": [Command.create(values) for values in moves],
            }
        )
        picking.action_confirm()
        picking.action_assign()
        return picking
