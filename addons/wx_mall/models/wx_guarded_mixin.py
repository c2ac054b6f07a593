from odoo import api, models
from odoo.exceptions import AccessError
from odoo.tools.misc import clean_context


class WxGuardedMixin(models.AbstractModel):
    """Records that staff act on by buttons and never edit field by field.

    Buttons and the chatter need write access; by itself it would let every client of
    the ERP's RPC write money and states. Code of ours writes as superuser.
    """

    _name = "wx.guarded.mixin"
    _description = "Written by its buttons only"

    #: fields that staff may write
    _wx_staff_fields = frozenset()
    #: fields that staff may give beside them when they make a record
    _wx_staff_create = frozenset()

    def _wx_check_staff_fields(self, names, allowed):
        """:raises AccessError: staff may not write one of these fields"""
        mine = {n for n in names if not n.startswith(("message_", "activity_"))}
        if not self.env.su and mine - allowed:
            raise AccessError(
                self.env._(
                    "%(model)s: this is changed by its buttons, not by editing it.",
                    # sudo: the name of the model in a message
                    model=self.env["ir.model"].sudo()._get(self._name).name,
                )
            )

    @api.model_create_multi
    def create(self, vals_list):
        allowed = self._wx_staff_fields | self._wx_staff_create
        for vals in vals_list:
            self._wx_check_staff_fields(vals, allowed)
        if self.env.su:
            return super().create(vals_list)
        # defaults of a context are values too; they must go, hence the override
        # pylint: disable-next=context-overridden
        clean = self.with_context(clean_context(self.env.context))
        return super(WxGuardedMixin, clean).create(vals_list).with_env(self.env)

    def write(self, vals):
        self._wx_check_staff_fields(vals, self._wx_staff_fields)
        return super().write(vals)
