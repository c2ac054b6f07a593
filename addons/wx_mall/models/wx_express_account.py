from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.wx_base.wxclient import WxClientError

STATES = {0: "ok", 1: "auditing", 2: "failed"}
_ROOT = "cgi-bin/express/business/"


class WxExpressAccount(models.Model):
    """A contract with a carrier, bound to a mini-program at WeChat's express assistant.

    Waybills are made on it (``reference/mini-program-platform.md`` §10.1). The
    password goes to WeChat once and is not kept.
    """

    _name = "wx.express.account"
    _description = "Contract for electronic waybills"
    _order = "app_id, express_id, id"
    _rec_name = "biz_id"

    app_id = fields.Many2one(
        "wx.app", "Mini-program", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="app_id.company_id", store=True)
    express_id = fields.Many2one(
        "wx.express.company",
        "Delivery company",
        required=True,
        domain="[('assistant_code', '!=', False)]",
        ondelete="restrict",
    )
    biz_id = fields.Char("Contract number", required=True)
    remark = fields.Char(help="Told to the carrier with the application.")
    state = fields.Selection(
        [
            ("new", "Not bound"),
            ("auditing", "Being checked"),
            ("ok", "Bound"),
            ("failed", "Refused"),
        ],
        default="new",
        required=True,
        readonly=True,
        copy=False,
    )
    state_message = fields.Char(readonly=True, copy=False)
    quota = fields.Integer("Waybills left", readonly=True, copy=False)
    service_type = fields.Integer("Service number", default=0)
    service_name = fields.Char("Service")

    _account_uniq = models.Constraint(
        "UNIQUE(app_id, express_id, biz_id)", "This contract is bound already."
    )

    @api.onchange("express_id")
    def _onchange_express_id(self):
        services = self.express_id.service_types or {}
        if services and self.service_name not in services.values():
            number = next(iter(services))
            self.service_type, self.service_name = int(number), services[number]

    @api.model
    def _for(self, app, code):
        """The bound contract of a mini-program with the company of a shipping code."""
        return self.search(
            [
                ("app_id", "=", app.id),
                ("express_id.code", "=", code),
                ("state", "=", "ok"),
            ],
            limit=1,
        )

    def _call(self, path, payload=None):
        """One call for this account; UserError with WeChat's words."""
        # sudo: the client needs the app's secret
        client = self.app_id.sudo()._wx_client()
        try:
            if payload is None:
                return client._request("get", client.host + _ROOT + path)
            return client.call(_ROOT + path, payload)
        except WxClientError as exc:
            raise UserError(
                self.env._("The express assistant refused: %(error)s", error=exc)
            ) from exc

    def action_bind(self):
        """Opens the dialog that asks for the carrier's password."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Bind the contract"),
            "res_model": "wx.express.bind",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_account_id": self.id},
        }

    def _bind(self, password):
        self.check_access("write")
        payload = {
            "type": "bind",
            "biz_id": self.biz_id,
            "delivery_id": self.express_id.assistant_code,
            "remark_content": self.remark or "",
        }
        if password:
            payload["password"] = password
        self._call("account/bind", payload)
        self.action_refresh()

    def action_unbind(self):
        """Button: ends the contract's use for this mini-program."""
        for account in self:
            account.check_access("write")
            account._call(
                "account/bind",
                {
                    "type": "unbind",
                    "biz_id": account.biz_id,
                    "delivery_id": account.express_id.assistant_code,
                },
            )
            account.state = "new"

    def action_refresh(self):
        """Button: state, quota and services as WeChat has them."""
        for account in self:
            rows = account._call("account/getall").get("list") or []
            mine = [
                row
                for row in rows
                if row.get("biz_id") == account.biz_id
                and row.get("delivery_id") == account.express_id.assistant_code
            ]
            if not mine:
                account.state = "new"
                continue
            row = mine[0]
            account.write(
                {
                    "state": STATES.get(row.get("status_code"), "failed"),
                    "state_message": row.get("remark_wrong_msg") or False,
                    "quota": row.get("quota_num") or 0,
                }
            )
            services = row.get("service_type") or []
            if services and not account.service_name:
                account.service_type = services[0]["service_type"]
                account.service_name = services[0]["service_name"]
