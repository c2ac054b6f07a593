import logging

import psycopg2

from odoo import Command, api, fields, models
from odoo.exceptions import ConcurrencyError, LockError, UserError

from odoo.addons.wx_base.money import to_fen, to_yuan
from odoo.addons.wx_base.tools import QUIET

from ..pricing.pieces import split
from .pool_allocation import by_place

_logger = logging.getLogger(__name__)
BATCH = 50
_AGAIN = (psycopg2.OperationalError, ConcurrencyError, LockError)


class WxOrderPosting(models.AbstractModel):
    """Paid mall orders become ERP documents, in batches, by jobs.

    partner → sales order → confirmed → reserved (holds handed over) → payment linked;
    the invoice follows the delivery (``wx.order.invoicing``). Every step looks first
    whether it is done, so a job may run twice. An order that cannot be posted does not
    stop its batch: it is marked as an exception with the reason and a retry button.
    """

    _name = "wx.order.posting"
    _inherit = "wx.job.mixin"
    _description = "Posting of mall orders"

    # queue ----------------------------------------------------------------------
    @api.model
    def _enqueue(self, company_id):
        """One waiting job per company is enough for any number of orders; it begins
        two seconds later, when whoever relies on it has committed."""
        # sudo: acts for the shop, whoever caused it
        self.sudo()._wx_enqueue(
            "_job_post",
            key=f"wx.order.posting.{company_id}",
            eta=2,
            company_id=company_id,
        )

    @api.model
    def _cron_post(self):
        """Sweep: whatever a lost job left behind."""
        self.env.cr.execute(
            """
            SELECT DISTINCT company_id FROM wx_order WHERE posting_state = 'todo'
            UNION
            SELECT DISTINCT so.company_id FROM sale_order so
             WHERE so.wx_order_id IS NOT NULL AND so.invoice_status = 'to invoice'
               AND so.state = 'sale'
            UNION
            SELECT DISTINCT company_id FROM wx_order_refund
             WHERE state = 'done' AND credited_fen < invoiced_fen
            """
        )
        for (company_id,) in self.env.cr.fetchall():
            self._enqueue(company_id)

    @api.model
    def _job_post(self, company_id):
        """Job: up to 50 paid orders, then invoices and credit notes that are due."""
        orders = self._claim(company_id)
        self._post_orders(orders)
        more = self.env["wx.order.invoicing"]._run(company_id)
        if more or len(orders) == BATCH:
            self._wx_enqueue("_job_post", eta=1, company_id=company_id)

    @api.model
    def _claim(self, company_id):
        """Paid orders without ERP documents; another process's batch is skipped."""
        self.env.cr.execute(
            "SELECT id FROM wx_order WHERE company_id = %s AND posting_state = 'todo'"
            " ORDER BY id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED",
            (company_id, BATCH),
            log_exceptions=False,  # a collision is expected: the queue runs it again
        )
        ids = [row[0] for row in self.env.cr.fetchall()]
        return self.env["wx.order"].sudo().browse(ids)

    # posting --------------------------------------------------------------------
    @api.model
    def _post_orders(self, orders):
        """Posts orders; a batch that fails is tried one by one."""
        for company in orders.company_id:
            batch = orders.filtered(lambda o, c=company: o.company_id == c)
            batch = batch.with_company(company).with_context(
                allowed_company_ids=company.ids,
                lang="zh_CN",
                wx_batch=True,
                **self.env["account.analytic.distribution.model"]._wx_quick(),
                **self.env["stock.warehouse.orderpoint"]._wx_quick(batch),
                **QUIET,
            )
            if not self._try(batch) and len(batch) > 1:
                for order in batch:
                    self._try(order)

    def _try(self, orders) -> bool:
        """Posts within a savepoint; on failure a single order becomes an exception."""
        if not orders:
            return True
        try:
            with self.env.cr.savepoint():
                orders.env["wx.order.posting"]._post_batch(orders)
                orders.write({"posting_state": "done", "posting_error": False})
                self.env.flush_all()
        except _AGAIN:
            raise  # a collision: the queue tries the whole job again
        except Exception as exc:
            self.env.invalidate_all(flush=False)
            _logger.info("%s mall orders: %s", len(orders), exc, exc_info=True)
            if len(orders) == 1:
                self._fail(orders, exc)
            return False
        return True

    def _fail(self, order, exc):
        _logger.warning("Mall order %s was not posted: %s", order.name, exc)
        order.write({"posting_state": "exception", "posting_error": str(exc)})

    @api.model
    def _post_batch(self, orders):
        self._ensure_partners(orders)
        self._ensure_sales(orders)
        sales = orders.sale_order_id
        sales.filtered(lambda sale: sale.state in ("draft", "sent"))._wx_confirm()
        waiting = sales.picking_ids.filtered(
            lambda p: p.state in ("confirmed", "waiting")
        )
        if waiting:
            waiting.action_assign()
        self._hand_over_services(sales)
        orders._wx_sync_holds()
        orders._wx_set_promise()
        orders.filtered(lambda o: not o.picking_ids)._wx_after_delivery()

    def _ensure_partners(self, orders):
        """``{shopper id: partner id}``; made at the first paid order.

        The partner carries a pseudonym and the region only: name, phone and street stay
        encrypted on the order (``design.md``, Personal data).
        """
        # sudo: acts for the shop, whoever caused it
        users = orders.user_id.sudo()
        first = {}
        for order in orders.sorted("id"):
            first.setdefault(order.user_id.id, order)
        missing = users.filtered(lambda user: not user.partner_id)
        partners = (
            self.env["res.partner"]
            # sudo: acts for the shop, whoever caused it
            .sudo()
            .with_context(**QUIET, no_vat_validation=True)
            .create([self._partner_values(first[user.id]) for user in missing])
        )
        for user, partner in zip(missing, partners, strict=True):
            user.partner_id = partner
        return {user.id: user.partner_id.id for user in users}

    def _partner_values(self, order):
        address = order.address_ids[:1]
        country = self.env.ref("base.cn")
        state = self.env["res.country.state"]
        if address.province:
            state = state.search(
                [
                    ("country_id", "=", country.id),
                    ("name", "=like", f"{address.province[:2]}%"),
                ],
                limit=1,
            )
        return {
            "name": self.env._("WeChat shopper %(number)06d", number=order.user_id.id),
            "company_id": order.company_id.id,
            "country_id": country.id,
            "state_id": state.id,
            "city": address.city or False,
            "lang": "zh_CN",
            "customer_rank": 1,
        }

    def _ensure_sales(self, orders):
        todo = orders.filtered(lambda order: not order.sale_order_id)
        sales = self.env["sale.order"].create(
            [self._sale_values(order) for order in todo]
        )
        for order, sale in zip(todo, sales, strict=True):
            order.sale_order_id = sale
        self._check_amounts(todo)

    def _sale_values(self, order):
        """Values of the sales order: the fen paid, nothing computed again."""
        app = order.app_id
        warehouse = order.pool_id.warehouse_id or app.warehouse_ids[:1]
        values = {
            "partner_id": order.user_id.partner_id.id,
            "company_id": order.company_id.id,
            "wx_order_id": order.id,
            "client_order_ref": order.name,
            "origin": order.name,
            "date_order": order.paid_at or fields.Datetime.now(),
            "pricelist_id": app.pricelist_id.id,
            "fiscal_position_id": app.fiscal_position_id.id,
            "payment_term_id": False,
            "user_id": False,
            "require_signature": False,
            "require_payment": False,
            "note": False,
            "transaction_ids": [Command.link(order.transaction_id.id)],
            "order_line": [
                Command.create({**values, "sequence": sequence})
                for sequence, values in enumerate(self._lines_values(order), start=1)
            ],
        }
        if warehouse:
            values["warehouse_id"] = warehouse.id
        return values

    def _lines_values(self, order):
        """Sales order lines: per mall line one or two groups of pieces of whole fen
        (``pricing/pieces.py``), per warehouse that ships them, and the freight."""
        result = []
        held = order._wx_held_places()
        for line in order.line_ids:
            text = f"{line.title} {line.sku_text}" if line.sku_text else line.title
            groups = split(line.amount_fen, line.qty)
            for place, pieces, unit_fen in by_place(groups, held.get(line.product_id)):
                values = self._line_values(line.product_id, pieces, unit_fen, text)
                values["wx_warehouse_id"] = place
                result.append({**values, "wx_line_id": line.id})
        if order.freight_fen:
            result.append(self._freight_values(order))
        return result

    @staticmethod
    def _line_values(product, qty, unit_fen, text):
        return {
            "product_id": product.id,
            "product_uom_id": product.uom_id.id,
            "product_uom_qty": qty,
            "price_unit": to_yuan(unit_fen),
            # unequal to the price: core then keeps it as a manual price
            "technical_price_unit": -1.0,
            "discount": 0.0,
            "name": text,
        }

    def _freight_values(self, order):
        """Freight charged with goods is part of their price for VAT (detailed rules of
        the VAT regulation, art. 12): it takes the taxes of the dearest goods."""
        product = order.app_id.freight_product_id
        if not product:
            raise UserError(
                self.env._(
                    "Set the freight product of mini-program %(app)s.",
                    app=order.app_id.name,
                )
            )
        goods = max(order.line_ids, key=lambda line: (line.amount_fen, -line.id))
        taxes = goods.product_id.taxes_id._filter_taxes_by_company(order.company_id)
        taxes = order.app_id.fiscal_position_id.map_tax(taxes)
        return {
            **self._line_values(product, 1, order.freight_fen, product.display_name),
            "tax_ids": [Command.set(taxes.ids)],
            "is_delivery": True,
        }

    def _check_amounts(self, orders):
        """The ERP must come to the very fen that was paid."""
        for order in orders:
            total = to_fen(order.sale_order_id.amount_total)
            if total != order.amount_fen or total != order.paid_fen:
                raise UserError(
                    self.env._(
                        "Sales order %(sale)s comes to %(total)s fen, but %(paid)s fen "
                        "were paid. Check the taxes of the consumer fiscal position.",
                        sale=order.sale_order_id.name,
                        total=total,
                        paid=order.paid_fen,
                    )
                )

    def _hand_over_services(self, sales):
        """Virtual goods and services are handed over by being paid."""
        for line in sales.order_line:
            if (
                line.product_id.type == "service"
                and not line.is_delivery
                and line.qty_delivered_method == "manual"
            ):
                line.qty_delivered = line.product_uom_qty
