"""What installing and removing the module does beyond its tables."""

from odoo import Command

from .services import order_log_sql, stock_sql


def post_init_hook(env):
    """Fills the stock rows from the quants; the trigger already watches them."""
    env["wx.stock.pool"]._ensure_pools(
        env["stock.warehouse"].with_context(active_test=False).search([])
    )


def uninstall_hook(env):
    """Native stock works without us again."""
    stock_sql.uninstall(env.cr)
    order_log_sql.uninstall(env.cr)
    operator = env.ref("wx_base.group_wx_operator", raise_if_not_found=False)
    if operator:
        operator.implied_ids = [Command.unlink(env.ref("stock.group_stock_user").id)]
