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
    "external_dependencies": {"python": ["cryptography", "requests"]},
    "data": [],
    "application": False,
}
