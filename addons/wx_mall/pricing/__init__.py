"""The mall's price engine: pure Python, integer fen, no Odoo import."""
