{
    "name": "WeChat Mall Demo Shop",
    "summary": "A believable Chinese shop connected to the local WeChat simulator",
    "version": "19.0.1.0.0",
    "category": "Sales/WeChat Mall",
    "author": "WX Mall contributors",
    "license": "LGPL-3",
    "depends": [
        "wx_mall",
    ],
    "external_dependencies": {"python": ["Pillow"]},
    "data": [],
}
