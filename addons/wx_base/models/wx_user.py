from odoo import api, fields, models

from ..fields import WxEncrypted


class WxUser(models.Model):
    """A shopper as one mini-program knows them.

    ``res.users`` are staff with passwords and ``res.partner`` are business partners; a
    visitor with an openid is neither until they pay. No personal data in clear: the
    nickname is what the shopper chose to show, the phone is encrypted.
    """

    _name = "wx.user"
    _description = "WeChat Shopper"
    _order = "id desc"
    _rec_name = "nickname"
    _rec_names_search = ("nickname", "openid")
    _check_company_auto = True

    app_id = fields.Many2one(
        "wx.app", "Mini-program", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company",
        "Company",
        related="app_id.company_id",
        store=True,
        precompute=True,
        index=True,
    )
    openid = fields.Char("OpenID", required=True, readonly=True, copy=False)
    unionid = fields.Char("UnionID", readonly=True, copy=False, index="btree_not_null")
    nickname = fields.Char()
    avatar_url = fields.Char("Avatar")
    phone = WxEncrypted("Phone", digest="phone_digest", mask="phone", readonly=True)
    partner_id = fields.Many2one(
        "res.partner",
        "Contact",
        index="btree_not_null",
        ondelete="set null",
        check_company=True,
        copy=False,
    )
    active = fields.Boolean(default=True)
    blocked = fields.Boolean(
        "Suspended", help="A suspended shopper is refused by the API at once."
    )
    blocked_reason = fields.Char("Reason of suspension")
    last_seen = fields.Datetime("Last seen", readonly=True, index=True)
    session_ids = fields.One2many("wx.session", "user_id", "Logins")
    session_count = fields.Integer(
        "Open logins", compute="_compute_session_count", compute_sudo=True
    )
    link_proposal_ids = fields.One2many("wx.link.proposal", "user_id", "Link proposals")
    link_state = fields.Selection(
        [("none", "No contact"), ("proposed", "Proposed"), ("linked", "Linked")],
        "Contact link",
        compute="_compute_link_state",
        store=True,
    )

    _openid_uniq = models.Constraint(
        "UNIQUE(app_id, openid)", "This OpenID exists already in the mini-program."
    )

    @api.depends("nickname", "openid")
    def _compute_display_name(self):
        for user in self:
            tail = (user.openid or "")[-6:]
            user.display_name = user.nickname or self.env._("Shopper %s", tail)

    @api.depends("session_ids.revoked")
    def _compute_session_count(self):
        groups = self.env["wx.session"]._read_group(
            [("user_id", "in", self.ids), ("revoked", "=", False)],
            ["user_id"],
            ["__count"],
        )
        counts = {user.id: count for user, count in groups}
        for user in self:
            user.session_count = counts.get(user.id, 0)

    @api.depends("partner_id", "link_proposal_ids.state")
    def _compute_link_state(self):
        for user in self:
            if user.partner_id:
                user.link_state = "linked"
            elif "proposed" in user.link_proposal_ids.mapped("state"):
                user.link_state = "proposed"
            else:
                user.link_state = "none"

    def write(self, vals):
        result = super().write(vals)
        if vals.get("blocked") or vals.get("active") is False:
            # sudo: sessions are nobody's to write
            self.sudo().session_ids._revoke("blocked")
        return result

    def action_block(self):
        """Button: refuse these shoppers from now on and end their logins."""
        self.write({"blocked": True})

    def action_unblock(self):
        """Button: let these shoppers log in again."""
        self.write({"blocked": False, "blocked_reason": False})

    def action_open_sessions(self):
        """Button: this shopper's logins."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "wx_base.action_wx_session"
        )
        return {**action, "domain": [("user_id", "=", self.id)], "context": {}}

    # -------------------------------------------------------------------- API
    @api.model
    def _upsert(self, app, openid, unionid=None) -> tuple:
        """``(user, created)`` for a shopper whom WeChat has just identified.

        Two phones logging in at once must not collide, hence the guarded insert.
        """
        self.flush_model(["app_id", "openid"])
        self.env.cr.execute(
            """
            INSERT INTO wx_user (app_id, company_id, openid, unionid, active, blocked,
                                 link_state, last_seen, create_uid, write_uid,
                                 create_date, write_date)
            VALUES (%s, %s, %s, %s, TRUE, FALSE, 'none', now() AT TIME ZONE 'UTC',
                    %s, %s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')
            ON CONFLICT (app_id, openid) DO NOTHING
            RETURNING id
            """,
            (app.id, app.company_id.id, openid, unionid, self.env.uid, self.env.uid),
        )
        row = self.env.cr.fetchone()
        if row:
            user = self.browse(row[0])
            user._on_registered()
            return user, True
        user = self.with_context(active_test=False).search(
            [("app_id", "=", app.id), ("openid", "=", openid)]
        )
        values = {"last_seen": fields.Datetime.now()}
        if unionid and user.unionid != unionid:
            values["unionid"] = unionid
        user.write(values)
        return user, False

    def _set_phone(self, number: str):
        """Store a verified phone (clear text in) and propose contacts who have it.

        :return: the new link proposals
        """
        self.ensure_one()
        self.phone = number
        # sudo: staff decide later; the shopper sees no contact
        partners = self.env["res.partner"].sudo()
        partners = partners._wx_by_phone(number, self.company_id.id)
        known = self.sudo().link_proposal_ids.partner_id | self.sudo().partner_id
        return (
            self.env["wx.link.proposal"]
            # sudo: staff decide later; the shopper sees no contact
            .sudo()
            .create(
                [{"user_id": self.id, "partner_id": p.id} for p in partners - known]
            )
        )

    def _on_registered(self):
        """Hook: a shopper logged in for the first time."""

    def _wx_serialize(self) -> dict:
        """The shopper's own profile for the API (:class:`schemas.users.Me`)."""
        self.ensure_one()
        return {
            "id": self.id,
            "nickname": self.nickname or None,
            "avatar_url": self.avatar_url or None,
            "phone_masked": self.phone or None,
            "has_phone": bool(self.phone),
        }
