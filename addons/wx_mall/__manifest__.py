{
    "name": "WeChat Mall",
    "summary": "Listings, cart, orders with stock holds, fulfilment for a mini-program mall",
    "version": "19.0.1.0.0",
    "category": "Sales/WeChat Mall",
    "author": "WX Mall contributors",
    "license": "LGPL-3",
    "depends": [
        "wx_pay",
        "sale_management",
        "sale_stock",
        "stock_delivery",
        "purchase_stock",
    ],
    "external_dependencies": {"python": ["pydantic"]},
    "data": [],
    "application": True,
}
