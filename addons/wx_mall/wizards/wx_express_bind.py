from odoo import fields, models


class WxExpressBind(models.TransientModel):
    """Binds a contract; the password is passed on and forgotten."""

    _name = "wx.express.bind"
    _description = "Bind a carrier's contract"

    account_id = fields.Many2one(
        "wx.express.account", required=True, ondelete="cascade"
    )
    password = fields.Char(help="Some carriers want one. It is not kept.")

    def action_bind(self):
        """Binds and closes."""
        self.ensure_one()
        password = self.password
        self.password = False
        self.account_id._bind(password)
        return {"type": "ir.actions.act_window_close"}
