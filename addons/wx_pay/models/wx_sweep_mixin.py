from odoo import fields, models


class WxSweepMixin(models.AbstractModel):
    """What is asked for at WeChat again and again, ever more seldom, until it is done
    (``wx.pay.service._sweeps``)."""

    _name = "wx.sweep.mixin"
    _description = "Looked after by a sweep"

    wx_next_sweep = fields.Datetime(
        "Next Check", readonly=True, copy=False, index="btree_not_null"
    )
    wx_sweep_count = fields.Integer("Checks", readonly=True, copy=False)
