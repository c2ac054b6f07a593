"""States of orders and after-sales and the moves between them; imports no ``odoo``.

Schemas, models, triggers and services take their lists from here, and nowhere else.
"""
