from odoo import api, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import groupby

from ..models.wx_parcel import MAX_TRACKING

#: orders of one chunk: validating a delivery takes some tenths of a second
CHUNK = 10


class WxShipBatchService(models.AbstractModel):
    """Checks and ships the rows of a sheet."""

    _name = "wx.ship.batch.service"
    _description = "Shipping from a spreadsheet"

    # check ----------------------------------------------------------------------
    @api.model
    def _check(self, batch, rows):
        """Values of ``wx.ship.batch.line`` for the rows of a file; the first thing
        wrong with a row stands on it."""
        orders = {
            order.name: order
            for order in self.env["wx.order"].search(
                [
                    ("name", "in", list({row["order"] for row in rows})),
                    ("company_id", "=", batch.company_id.id),
                ]
            )
        }
        carriers, seen, values = {}, set(), []
        for row in rows:
            text = row["carrier"]
            if text not in carriers:
                carriers[text] = self.env["delivery.carrier"]._wx_by_text(
                    text, batch.company_id
                )
            order = orders.get(row["order"])
            line = order and row["sku"] and self._line_of(order, row["sku"])
            problem = self._problem(row, order, carriers[text], line, seen)
            seen.add((row["order"], row["tracking"], row["sku"]))
            values.append(
                {
                    "batch_id": batch.id,
                    "row": row["row"],
                    "order_text": row["order"],
                    "carrier_text": text,
                    "tracking_no": row["tracking"],
                    "sku_text": row["sku"],
                    "qty": int(row["qty"]) if row["qty"].isdecimal() else 0,
                    "order_id": order.id if order else False,
                    "carrier_id": carriers[text].id,
                    "order_line_id": line.id if line else False,
                    "state": "error" if problem else "ready",
                    "error": problem,
                }
            )
        return values

    @staticmethod
    def _line_of(order, sku):
        return order.line_ids.filtered(
            lambda line: sku in (line.product_id.default_code, line.product_id.barcode)
        )[:1]

    def _problem(self, row, order, carrier, line, seen):
        """What is wrong with a row, or False."""
        number = row["tracking"]
        if not order:
            return self.env._("There is no such order.")
        if not order._wx_delivery_pickings().filtered(
            lambda p: p.state in ("confirmed", "waiting", "assigned")
        ):
            return self.env._("Nothing of this order is left to ship.")
        if not carrier:
            return self.env._("Unknown carrier.")
        if not number:
            return self.env._("The tracking number is missing.")
        if len(number) > MAX_TRACKING or not number.isascii():
            return self.env._("This is no tracking number.")
        if (row["order"], number, row["sku"]) in seen:
            return self.env._("This row is there twice.")
        if row["sku"]:
            if not line:
                return self.env._("The order has no such SKU.")
            if not row["qty"].isdecimal() or not 1 <= int(row["qty"]) <= line.qty:
                return self.env._("The quantity is not one of the order.")
        elif row["qty"]:
            return self.env._("A quantity needs a SKU.")
        return False

    # ship -----------------------------------------------------------------------
    @api.model
    def _chunk(self, chain, state):
        """Worker of the chain: ships some orders; see ``wx.job.chain``."""
        batch = self.env["wx.ship.batch"].browse(state["batch"]).exists()
        lines = batch.line_ids.filtered(lambda line: line.state == "ready")
        if not lines:
            batch.state = "done"
            return None, 0
        ordered = lines.sorted(lambda line: (line.order_id.id, line.row))
        done = 0
        for place, (order, rows) in enumerate(
            groupby(ordered, lambda line: line.order_id)
        ):
            if place >= CHUNK:
                break
            rows = lines.browse([row.id for row in rows])
            done += len(rows)
            self._ship_order(order, rows)
        return state, done

    def _ship_order(self, order, rows):
        """Ships the rows of one order; a failure is theirs alone."""
        known = set(order.parcel_ids.filtered("shipped_at").mapped("tracking_no"))
        again = rows.filtered(lambda row: row.tracking_no in known)
        again.write({"state": "done", "error": False})
        rows -= again
        if not rows:
            return
        try:
            with self.env.cr.savepoint():
                self._ship(order, rows)
                self.env.flush_all()
        except (UserError, ValidationError) as exc:
            rows.write({"state": "error", "error": str(exc)[:500]})
            return
        rows.write({"state": "done", "error": False})

    def _ship(self, order, rows):
        pickings = order._wx_delivery_pickings().filtered(
            lambda p: p.state in ("confirmed", "waiting", "assigned")
        )
        pickings.action_assign()
        ready = pickings.filtered(lambda p: p.state == "assigned")
        if not ready:
            raise UserError(self.env._("The goods are not in stock."))
        by_sku = all(row.order_line_id for row in rows)
        if len(ready) > 1 and not by_sku:
            raise UserError(
                self.env._("The order has several deliveries: name SKU and quantity.")
            )
        if by_sku:
            self._take_parts(ready, rows)
        elif rows.order_line_id:
            raise UserError(
                self.env._("Name SKU and quantity in all rows of an order, or in none.")
            )
        else:
            ready.move_ids.picked = True
        numbers = list(dict.fromkeys(rows.mapped("tracking_no")))
        for picking in ready.filtered(lambda p: any(p.move_ids.mapped("picked"))):
            picking.write(
                {
                    "carrier_id": rows[:1].carrier_id.id,
                    "carrier_tracking_ref": ",".join(numbers),
                }
            )
            picking.with_context(skip_backorder=True).button_validate()
            if picking.state != "done":
                raise UserError(
                    self.env._("%(name)s could not be validated.", name=picking.name)
                )
            self._contents(picking, rows)

    def _take_parts(self, pickings, rows):
        """Sets what leaves now; the rest becomes a backorder."""
        wanted = {}
        for row in rows:
            line = row.order_line_id
            wanted[line] = wanted.get(line, 0) + row.qty
        for move in pickings.move_ids:
            line = move.sale_line_id.wx_line_id
            qty = min(wanted.get(line, 0), round(move.quantity))
            wanted[line] = wanted.get(line, 0) - qty
            move.quantity = qty
            move.picked = bool(qty)
        if any(left > 0 for left in wanted.values()):
            raise UserError(self.env._("More pieces than are ready to be shipped."))

    def _contents(self, picking, rows):
        """Which pieces are in which parcel, as the rows say; and each row's carrier."""
        for parcel in picking.wx_parcel_ids:
            mine = rows.filtered(lambda row, p=parcel: row.tracking_no == p.tracking_no)
            values = {}
            if mine.carrier_id and mine.carrier_id[:1] != parcel.carrier_id:
                values["carrier_id"] = mine.carrier_id[:1].id
            if mine.order_line_id:
                values["line_ids"] = [
                    (5, 0, 0),
                    *(
                        (0, 0, {"order_line_id": row.order_line_id.id, "qty": row.qty})
                        for row in mine
                    ),
                ]
            if values:
                parcel.write(values)
