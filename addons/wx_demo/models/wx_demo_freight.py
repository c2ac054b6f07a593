from odoo import Command, models

#: provinces by their ids in wx_mall, as Chinese shops group them
NEAR = ("zj", "js", "sh")
FAR = ("xj", "xz", "qh", "nm", "gs", "nx", "hi")
ABROAD = ("hk", "mo", "tw")
BULKY = ("CHR01", "LMP02")
#: (name, codes that begin so)
RESTRICTED = (
    ("液体与香氛（禁空运）", ("CND", "HON", "JAM")),
    ("含锂电池（禁空运）", ("HPH", "SPK", "KBD")),
)


class WxDemo(models.AbstractModel):
    """Freight of the demo shop: near provinces free, far ones dearer."""

    _inherit = "wx.demo"

    def _setup(self, facts: dict):
        app = super()._setup(facts)
        self._freight(app)
        return app

    def _freight(self, app):
        express, bulky = self.env["wx.freight.template"].create(
            [
                {
                    "name": "标准快递",
                    "charge_by": "weight",
                    "rule_ids": [
                        self._fee(NEAR, 1000, 6, 1000, 2),
                        self._fee(FAR, 1000, 20, 1000, 15),
                        self._nowhere(ABROAD),
                        self._fee((), 1000, 10, 1000, 4),
                    ],
                    "free_rule_ids": [
                        self._free(NEAR, "always"),
                        self._free(FAR, "amount", 299),
                        self._free((), "amount", 99),
                    ],
                },
                {
                    "name": "大件物流",
                    "charge_by": "piece",
                    "rule_ids": [
                        self._fee(NEAR, 1, 20, 1, 10),
                        self._nowhere((*ABROAD, "xz")),
                        self._fee((), 1, 48, 1, 30),
                    ],
                    "free_rule_ids": [self._free(NEAR, "always")],
                },
            ]
        )
        app.write(
            {"freight_template_id": express.id, "freight_combine": "highest_first"}
        )
        products = self.env["product.product"].search([("default_code", "!=", False)])
        by_code = products.grouped(lambda sku: sku.default_code.split("-")[0])
        for code in BULKY:
            if code in by_code:
                by_code[code].product_tmpl_id.wx_freight_template_id = bulky
        self.env["wx.freight.restriction"].create(
            [
                {
                    "name": name,
                    "region_ids": [Command.set(self._regions(("xj", "xz")))],
                    "template_ids": [Command.set(express.ids)],
                    "product_tmpl_ids": [
                        Command.link(skus.product_tmpl_id.id)
                        for code, skus in by_code.items()
                        if code.startswith(codes)
                    ],
                }
                for name, codes in RESTRICTED
            ]
        )

    def _regions(self, codes):
        return [self.env.ref(f"wx_mall.region_{code}").id for code in codes]

    def _fee(self, codes, first, first_fee, further, further_fee):
        return Command.create(
            {
                "region_ids": [Command.set(self._regions(codes))],
                "first_qty": first,
                "first_fee": first_fee,
                "next_qty": further,
                "next_fee": further_fee,
            }
        )

    def _nowhere(self, codes):
        return Command.create(
            {"region_ids": [Command.set(self._regions(codes))], "delivers": False}
        )

    def _free(self, codes, condition, amount=0):
        return Command.create(
            {
                "region_ids": [Command.set(self._regions(codes))],
                "condition": condition,
                "from_amount": amount,
            }
        )
