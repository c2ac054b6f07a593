"""Installation and removal of the provider."""

from odoo.exceptions import UserError

from odoo.addons.payment import reset_payment_provider, setup_provider

from .const import CODE


def post_init_hook(env):
    """One provider per company and core's payment method for it."""
    setup_provider(env, CODE)
    # a contact's name is one text for all languages: the company's
    company = env.ref("base.main_company")
    lang = company.partner_id.lang
    if company.country_id.code == "CN" and env["res.lang"]._lang_get("zh_CN"):
        lang = "zh_CN"
    named = env["res.partner"].with_context(lang=lang)
    partner = env.ref("wx_pay.partner_consumers")
    partner.name = named.env._("WeChat shoppers")


def uninstall_hook(env):
    """Refused once money moved: its evidence must stay readable."""
    if env["wx.pay.fact"].search_count([], limit=1):
        raise UserError(
            env._(
                "WeChat Pay has payments and cannot be uninstalled. Set its "
                "providers to disabled and archive the mini-programs instead."
            )
        )
    # PostgreSQL keeps functions when the tables of their triggers go
    env.cr.execute("DROP FUNCTION IF EXISTS wx_pay_fact_keep() CASCADE")
    reset_payment_provider(env, CODE)
