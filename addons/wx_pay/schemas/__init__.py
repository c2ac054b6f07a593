"""Request and response schemas; pure Python, no odoo."""
