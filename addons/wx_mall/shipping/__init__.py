"""Shipping reports to WeChat without Odoo: payloads, outcomes. Pure Python."""
