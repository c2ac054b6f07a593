import re
import threading
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ..fields import WxEncrypted
from ..tools import wechat_session
from ..wxclient import OFFICIAL_BASE, WxClientError, WxMpClient, WxThrottledError

WECHAT_HOST = urlsplit(OFFICIAL_BASE).hostname
_connections = threading.local()


class WxApp(models.Model):
    """One mini-program. Odoo has no place for its identity, keys and limits."""

    _name = "wx.app"
    _description = "Mini-Program"
    _inherit = ("mail.thread",)
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
        default=OFFICIAL_BASE,
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
    calls_today = fields.Integer("Calls in 24 Hours", compute="_compute_calls_today")
    quota_used = fields.Float(
        "Highest Use of a Quota (%)", compute="_compute_quota_used", digits=(5, 1)
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

    def _compute_calls_today(self):
        since = fields.Datetime.subtract(fields.Datetime.now(), days=1)
        sums = dict(
            self.env["wx.api.stat"]
            # sudo: a sum only, shown to whoever may read the app
            .sudo()
            ._read_group(
                [("app_id", "in", self.ids), ("minute", ">", since)],
                ["app_id"],
                ["calls:sum"],
            )
        )
        for app in self:
            app.calls_today = sums.get(app, 0)

    def _compute_quota_used(self):
        shares = dict(
            self.env["wx.api.quota"]
            # sudo: a sum only, shown to whoever may read the app
            .sudo()
            ._read_group([("app_id", "in", self.ids)], ["app_id"], ["used_share:max"])
        )
        for app in self:
            app.quota_used = shares.get(app, 0.0)

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
        # sudo: the rule reads fields that whoever saves may not
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
        # sudo: the rule reads fields that whoever saves may not
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

    # calls ------------------------------------------------------------------------
    def _wx_client(self):
        """The client of this mini-program: shared token, call limiter, statistics.

        Its methods raise ``wxclient.WxClientError`` subclasses and open only short
        transactions of their own, so call them with none open (``tools``).

        :raises UserError: no AppSecret, or archived
        """
        self.ensure_one()
        # sudo: the client needs the app's secret, its caller does not
        app = self.sudo()
        secret = app._wx_secret("secret")
        if not secret or not app.active:
            raise UserError(
                self.env._(
                    "The mini-program “%(name)s” has no AppSecret or is archived.",
                    name=app.name,
                )
            )
        if not hasattr(_connections, "session"):
            # one pool per thread: connections to WeChat are kept open
            _connections.session = wechat_session()
        # read now: later the caller's transaction is closed
        rate, buckets, stats = (
            app.rate_per_second,
            self.env["wx.rate.bucket"],
            self.env["wx.api.stat"],
        )
        owner = (app.id, app.company_id.id)

        def gate(interface):
            try:
                return buckets._take(owner[0], rate, interface)
            except WxThrottledError as error:
                stats._count(*owner, interface, error.code, throttled=True)
                raise

        def observe(interface, code, seconds):
            stats._count(*owner, interface, code, seconds)
            buckets._block(owner[0], interface, code)

        return WxMpClient(
            app.appid,
            secret,
            base_url=app.api_base,
            session=self.env["wx.access.token"]._storage(app),
            gate=gate,
            observe=observe,
            transport=_connections.session,
        )

    def _check_system(self):
        if not (self.env.su or self.env.user._is_system()):
            raise AccessError(self.env._("Only an administrator may do this."))

    def action_test_connection(self):
        """Asks WeChat for a token and says what is wrong, if anything."""
        self.ensure_one()
        self._check_system()
        try:
            self._wx_client().fetch_access_token()
        except WxClientError as error:
            raise UserError(self._wx_explain(error)) from error
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("WeChat accepts AppID and AppSecret."),
            },
        }

    def action_refresh_quota(self):
        """Reads the quotas of the interfaces in use from WeChat."""
        self.ensure_one()
        self._check_system()
        try:
            self.env["wx.api.quota"]._refresh_app(self)
        except WxClientError as error:
            raise UserError(self._wx_explain(error)) from error
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Quotas"),
            "res_model": "wx.api.quota",
            "view_mode": "list",
            "domain": [("app_id", "=", self.id)],
        }

    def _wx_explain(self, error):
        """A failed call in words for the administrator."""
        texts = {
            40001: self.env._("The AppSecret is wrong."),
            40013: self.env._("WeChat does not know this AppID."),
            40125: self.env._("The AppSecret is wrong."),
            40164: self.env._(
                "This server's address is not on the IP allow-list in WeChat."
            ),
            40243: self.env._(
                "The AppSecret is frozen; unfreeze it in the WeChat console."
            ),
            45009: self.env._("The daily quota is used up."),
            45011: self.env._("Too many calls in this minute; try again in a minute."),
            50007: self.env._("WeChat has frozen this account."),
            89503: self.env._(
                "WeChat waits for its administrator to allow this address."
            ),
        }
        code = getattr(error, "code", None)
        text = texts.get(code) or self.env._("The call to WeChat failed.")
        return f"{text}\n\n{error}"
