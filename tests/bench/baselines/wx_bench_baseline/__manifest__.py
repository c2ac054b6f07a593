{
    "name": "Baselines for the mall's figures",
    "summary": "Short controllers that figures are measured against",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "author": "WX Mall contributors",
    "license": "LGPL-3",
    "depends": [
        "sale_stock",
    ],
}
