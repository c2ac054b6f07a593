import re
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..fields import WxEncrypted

WECHAT_HOST = "api.weixin.qq.com"
DEFAULT_API_BASE = f"https://{WECHAT_HOST}/"


class WxApp(models.Model):
    """One mini-program. Odoo has no place for its identity, keys and limits."""

    _name = "wx.app"
    _description = "Mini-Program"
    _inherit = ["mail.thread"]
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    appid = fields.Char("AppID", required=True, copy=False, tracking=True)
    original_id = fields.Char(
        "Original ID", copy=False, help="gh_…; the receiver named in pushed messages."
    )
    state = fields.Selection(
        [("test", "Test"), ("live", "Live")],
        default="test",
        required=True,
        tracking=True,
        copy=False,
    )
    api_base = fields.Char(
        "API Address",
        required=True,
        default=DEFAULT_API_BASE,
        groups="base.group_system",
        help="WeChat's own address; another one (a simulator) only in state Test.",
    )
    secret = WxEncrypted("AppSecret", mask="secret", groups="base.group_system")
    push_token = WxEncrypted("Push Token", mask="secret", groups="base.group_system")
    push_aes_key = WxEncrypted(
        "EncodingAESKey", mask="secret", groups="base.group_system"
    )
    push_mode = fields.Selection(
        [("plain", "Plain"), ("compatible", "Compatible"), ("safe", "Safe")],
        default="safe",
        required=True,
        groups="base.group_system",
    )
    push_format = fields.Selection(
        [("json", "JSON"), ("xml", "XML")],
        default="json",
        required=True,
        groups="base.group_system",
    )
    push_url = fields.Char("Push Address", compute="_compute_push_url")
    rate_per_second = fields.Integer(
        "Calls per Second",
        default=20,
        required=True,
        help="Upper limit of calls to WeChat over all workers.",
    )

    _appid_uniq = models.Constraint("UNIQUE(appid)", "This AppID exists already.")
    _rate_pos = models.Constraint(
        "CHECK(rate_per_second BETWEEN 1 AND 1000)",
        "Calls per second must be between 1 and 1000.",
    )

    @api.depends("appid")
    def _compute_push_url(self):
        base = self.get_base_url()
        for app in self:
            app.push_url = f"{base}/wx/push/{app.appid}" if app.appid else False

    @api.constrains("appid", "state")
    def _check_appid(self):
        for app in self:
            if not re.fullmatch(r"wx[0-9a-f]{16}", app.appid or ""):
                raise ValidationError(
                    self.env._(
                        "“%(appid)s” is no AppID (wx and 16 hexadecimal digits).",
                        appid=app.appid,
                    )
                )

    @api.constrains("api_base", "state")
    def _check_api_base(self):
        for app in self.sudo():
            parts = urlsplit(app.api_base or "")
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValidationError(
                    self.env._("The API address must be an http or https address.")
                )
            official = parts.scheme == "https" and (
                parts.hostname == WECHAT_HOST
                or parts.hostname.endswith(f".{WECHAT_HOST}")
            )
            if app.state == "live" and not official:
                raise ValidationError(
                    self.env._(
                        "A live mini-program may call only https://%(host)s.",
                        host=WECHAT_HOST,
                    )
                )

    @api.constrains("push_token", "push_aes_key")
    def _check_push_keys(self):
        for app in self.sudo():
            token = app._wx_secret("push_token")
            if token and not re.fullmatch(r"[A-Za-z0-9]{3,32}", token):
                raise ValidationError(
                    self.env._("The push token has 3 to 32 letters or digits.")
                )
            aes_key = app._wx_secret("push_aes_key")
            if aes_key and not re.fullmatch(r"[A-Za-z0-9]{43}", aes_key):
                raise ValidationError(
                    self.env._("The EncodingAESKey has exactly 43 letters or digits.")
                )
