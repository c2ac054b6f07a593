from odoo import Command, api, models
from odoo.exceptions import UserError

SEQUENCE = 1000


class WxConsumerSetupService(models.AbstractModel):
    """Gives a mini-program its consumer side without touching what the company has.

    A company that sells to businesses keeps its price-excluded taxes and price lists
    (core refuses to switch once there are entries). The mall gets copies of the sales
    taxes whose price includes them, a fiscal position that replaces the ones by the
    others, and a price list that answers gross. Nothing existing is written; running
    it again adds only what is missing.
    """

    _name = "wx.consumer.setup.service"
    _description = "Consumer taxes and prices"

    @api.model
    def _plan(self, app) -> dict:
        """What ``_setup`` would do: ``taxes`` to copy, records that exist already."""
        position = app.fiscal_position_id
        taxes = self._sale_taxes(app.company_id)
        done = position.tax_ids.original_tax_ids
        return {
            "taxes": taxes - done,
            "done": taxes & done,
            "fiscal_position": position,
            "pricelist": app.pricelist_id,
            "warehouses": app.warehouse_ids or self._warehouses(app.company_id),
        }

    @api.model
    def _setup(self, app, taxes=None, warehouses=None):
        """Completes the consumer side of ``app``; returns the mini-program.

        :param taxes: account.tax to bring tax-included copies of (default: every
            price-excluded sales tax of the company that is missing one)
        :raises UserError: the company has no country or no sales taxes, or the user
            may not configure accounting
        """
        app.ensure_one()
        company = app.company_id
        if not company.country_id or not company.chart_template:
            raise UserError(
                self.env._(
                    "Set the country and the chart of accounts of %(company)s first.",
                    company=company.name,
                )
            )
        # What is made here is read by people: in Chinese where it is installed.
        language = self.env["wx.catalogue.service"]._language()
        service = self.with_company(company).with_context(lang=language)
        plan = service._plan(app)
        position = app.fiscal_position_id or service._fiscal_position(company)
        todo = plan["taxes"] if taxes is None else taxes
        service._copy_taxes(position, todo.with_env(service.env))
        app.write(
            {
                "fiscal_position_id": position.id,
                "pricelist_id": (app.pricelist_id or service._pricelist(company)).id,
                "warehouse_ids": [Command.set((warehouses or plan["warehouses"]).ids)],
            }
        )
        return app

    @api.model
    def _sale_taxes(self, company):
        """Sales taxes of the company that are added to a price."""
        taxes = self.env["account.tax"].search(
            [
                ("company_id", "=", company.id),
                ("type_tax_use", "=", "sale"),
                ("amount_type", "!=", "group"),
            ]
        )
        return taxes.filtered(
            lambda tax: (
                not tax.price_include
                and (not tax.fiscal_position_ids or tax.is_domestic)
            )
        )

    @api.model
    def _warehouses(self, company):
        return self.env["stock.warehouse"].search(
            [("company_id", "=", company.id)], limit=1
        )

    @api.model
    def _fiscal_position(self, company):
        """One per company, shared by its mini-programs; never applied by itself."""
        other = self.env["wx.app"].search(
            [("company_id", "=", company.id), ("fiscal_position_id", "!=", False)],
            limit=1,
        )
        return other.fiscal_position_id or self.env["account.fiscal.position"].create(
            {
                "name": self.env._("WeChat mall (tax included)"),
                "company_id": company.id,
                "auto_apply": False,
                "sequence": SEQUENCE,
            }
        )

    @api.model
    def _pricelist(self, company):
        """A price list without rules: the sales price plus tax."""
        currency = self.env.ref("base.CNY")
        if not currency.active:
            raise UserError(
                self.env._("Activate the currency CNY: WeChat Pay settles in it.")
            )
        return self.env["product.pricelist"].create(
            {
                "name": self.env._("WeChat mall retail prices"),
                "company_id": company.id,
                "currency_id": currency.id,
                "wx_tax_included": True,
                "sequence": SEQUENCE,
            }
        )

    @api.model
    def _copy_taxes(self, position, taxes):
        """Copies with the tax inside the price, used only under ``position``."""
        for tax in taxes - position.tax_ids.original_tax_ids:
            tax.copy(
                {
                    "name": self._copy_name(tax),
                    "price_include_override": "tax_included",
                    "sequence": tax.sequence,
                    "fiscal_position_ids": [Command.set(position.ids)],
                    "original_tax_ids": [Command.set(tax.ids)],
                }
            )

    def _copy_name(self, tax) -> str:
        name = self.env._("%(tax)s (mall, included)", tax=tax.name)
        number, candidate = 1, name
        while self.env["account.tax"].search_count(
            [
                ("name", "=", candidate),
                ("company_id", "=", tax.company_id.id),
                ("type_tax_use", "=", tax.type_tax_use),
            ],
            limit=1,
        ):
            number += 1
            candidate = f"{name} {number}"
        return candidate
