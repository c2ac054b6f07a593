from odoo import fields, models


class WxParcel(models.Model):
    """Who follows the parcel, and whether it is late."""

    _inherit = "wx.parcel"

    query_token = fields.Char(
        "Token of WeChat's tracking page", readonly=True, copy=False
    )
    late_kind = fields.Selection(
        [
            ("not_collected", "Not collected by the carrier"),
            ("no_movement", "No movement for too long"),
            ("not_delivered", "Not delivered in time"),
            ("problem", "Problem on the way"),
        ],
        "Late",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    late_at = fields.Datetime("Late since", readonly=True, copy=False)

    def write(self, vals):
        done = super().write(vals)
        if "tracking_no" in vals or "express_code" in vals:
            # sudo: the token of another number is worth nothing
            self.sudo().filtered("query_token").query_token = False
        return done

    def _apply_track(self, new):
        """Movement ends lateness, unless the news are bad."""
        done = super()._apply_track(new)
        if self.late_kind and self.state not in ("problem", "returned"):
            self.write({"late_kind": False, "late_at": False})
            if not self.order_id.parcel_ids.filtered("late_kind"):
                self.order_id._wx_end_exceptions(
                    ["late_parcel"], self.env._("The parcel moves again.")
                )
        return done

    def action_look(self):
        """Button: looks at the track now."""
        self.check_access("write")
        # sudo: the right was checked above; the fields are nobody's to write
        for parcel in self.sudo():
            # sudo: the right was checked above; the fields are nobody's to write
            self.env["wx.tracking.service"].sudo()._look(parcel)
