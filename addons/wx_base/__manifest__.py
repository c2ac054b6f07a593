{
    "name": "WeChat Mall Base",
    "summary": "Mini-programs, shoppers, API kernel, WeChat client, encryption, jobs",
    "version": "19.0.1.0.0",
    "category": "Sales/WeChat Mall",
    "author": "WX Mall contributors",
    "license": "LGPL-3",
    "depends": [
        "mail",
        "web",
        "contacts",
        "queue_job",
    ],
    "external_dependencies": {"python": ["cryptography", "pydantic", "wechatpy"]},
    "data": [
        "security/wx_groups.xml",
        "views/wx_menus.xml",
    ],
    "application": False,
}
