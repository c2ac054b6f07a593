from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.wx_base.wxclient import WxClientError


class WxExpressCompany(models.Model):
    """A delivery company as WeChat calls it.

    WeChat keeps two lists with different ids: one for shipping reports and tracking
    (``code``), one for electronic waybills (``assistant_code``); the ERP's carriers
    know neither. Source: ``reference/mini-program-platform.md`` §6.9 and §10.1.
    """

    _name = "wx.express.company"
    _description = "Delivery company at WeChat"
    _order = "sequence, name, id"
    _rec_names_search = ["name", "code", "assistant_code"]

    name = fields.Char(required=True)
    sequence = fields.Integer(default=100)
    active = fields.Boolean(default=True)
    code = fields.Char(
        "Code for shipping reports",
        help="Id in WeChat's list of delivery companies, e.g. SF, ZTO, YD.",
    )
    assistant_code = fields.Char(
        "Code for waybills",
        help="Id of the company in WeChat's express assistant, which has a list of its "
        "own: Yunda is YD in reports and YUNDA here. Empty: no electronic waybills.",
    )
    service_types = fields.Json(
        help="What the express assistant offers: {number: name}.",
    )
    needs_contact = fields.Boolean(
        "Needs a phone",
        help="Reports of this company carry the last digits of the receiver's phone.",
    )
    confirmed = fields.Boolean(
        "Confirmed by WeChat",
        readonly=True,
        help="The code was found in the list that WeChat gives out. The others come "
        "from documents: load the list before relying on them.",
    )

    _code_uniq = models.UniqueIndex(
        "(code) WHERE code IS NOT NULL", "This code belongs to another company already."
    )
    _assistant_uniq = models.UniqueIndex(
        "(assistant_code) WHERE assistant_code IS NOT NULL",
        "This waybill code belongs to another company already.",
    )

    @api.model
    def _by_text(self, text):
        """The company that a person names: a code (any case) or the exact name."""
        text = (text or "").strip()
        if not text:
            return self.browse()
        return self.search(
            ["|", ("code", "=ilike", text), ("name", "=ilike", text)], limit=1
        ) or self.search([("assistant_code", "=ilike", text)], limit=1)

    @api.model
    def _load(self, rows):
        """Takes WeChat's list in: ``[{delivery_id, delivery_name}]``.

        Known codes are confirmed and keep the name staff gave them; a row without a
        code is filled when its name is the same; others are added, archived, so that
        1,400 unused companies do not fill every menu.
        :return: (confirmed, added)
        """
        # a delivery company is matched by code or name against all that are known
        # pylint: disable-next=no-search-all
        everything = self.with_context(active_test=False).search([])
        by_code = {row.code: row for row in everything if row.code}
        by_name = {row.name: row for row in everything if not row.code}
        confirmed, new = self.browse(), []
        for row in rows:
            code, name = str(row.get("delivery_id") or ""), row.get("delivery_name")
            if not code:
                continue
            known = by_code.get(code)
            if known:
                confirmed |= known
            elif name in by_name:
                by_name[name].code = code
                confirmed |= by_name[name]
            else:
                new.append(
                    {
                        "name": name or code,
                        "code": code,
                        "active": False,
                        "confirmed": True,
                    }
                )
        confirmed.write({"confirmed": True})
        self.create(new)
        return len(confirmed), len(new)

    @api.model
    def action_load(self):
        """Button: reads the list of delivery companies from WeChat."""
        self.check_access("write")
        app = self.env["wx.app"].search(
            [("company_id", "in", self.env.companies.ids)], limit=1
        )
        if not app:
            raise UserError(self.env._("No mini-program is connected yet."))
        try:
            # sudo: the client needs the app's secret
            answer = (
                app.sudo()
                ._wx_client()
                .call(
                    "cgi-bin/express/delivery/open_msg/get_delivery_list",
                    {},
                    idempotent=True,
                )
            )
        except WxClientError as exc:
            raise UserError(
                self.env._("WeChat gave no list: %(error)s", error=exc)
            ) from exc
        confirmed, added = self._load(answer.get("delivery_list") or [])
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "%(confirmed)s companies confirmed, %(added)s added (archived).",
                    confirmed=confirmed,
                    added=added,
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
