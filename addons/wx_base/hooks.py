"""What installation and removal do beyond the ORM."""

from odoo.tools import SQL


def uninstall_hook(env):
    """The partitioned event table is ours alone; core cannot drop it."""
    env.cr.execute(SQL("DROP TABLE IF EXISTS wx_event CASCADE"))
