{
    "name": "WeChat Pay",
    "summary": "WeChat Pay API v3: payments, refunds, bills matched with the ledger",
    "version": "19.0.1.0.0",
    "category": "Sales/WeChat Mall",
    "author": "WX Mall contributors",
    "license": "LGPL-3",
    "depends": [
        "wx_base",
        "account_payment",
        "account_statement_import_file",
    ],
    "external_dependencies": {"python": ["cryptography", "requests", "qrcode"]},
    "data": [
        "security/payments/ir.model.access.csv",
        "security/wx_pay_payment_rules.xml",
        "views/payment_form_templates.xml",
        "data/payment_provider_data.xml",
        "data/ir_cron.xml",
        "views/payment_provider_views.xml",
        "views/payment_transaction_views.xml",
        "views/wx_pay_fact_views.xml",
    ],
    "assets": {
        "web.assets_frontend": [
            "wx_pay/static/src/interactions/**/*",
        ],
    },
    "post_init_hook": "post_init_hook",
    "uninstall_hook": "uninstall_hook",
    "application": False,
}
