"""The demo shop 山野集: categories, products, prices, stock. Pure data, no ``odoo``.

Prices are gross (tax included) in fen; ``tax`` is the VAT rate in percent.
"""

import hashlib

RED = (196, 74, 62)
BLUE = (70, 110, 160)
YELLOW = (230, 180, 90)
GREEN = (90, 140, 110)
SAND = (205, 190, 170)
DARK = (80, 72, 90)
PINK = (228, 150, 150)
WHITE = (232, 228, 220)

COLOURS = {
    "朱红": RED,
    "靛蓝": BLUE,
    "杏黄": YELLOW,
    "竹青": GREEN,
    "米白": SAND,
    "墨黑": DARK,
    "藕粉": PINK,
}
SIZES = ("S", "M", "L", "XL")

# level 1 → level 2 → level 3
CATEGORIES = {
    "家居生活": {
        "餐厨": ["杯壶", "碗盘"],
        "客厅": ["灯具", "椅凳", "绿植"],
        "卧室": ["靠垫", "香氛"],
        "卫浴": ["毛巾", "洗护"],
    },
    "服饰鞋包": {
        "上装": ["T恤", "卫衣"],
        "下装": ["长裤"],
        "鞋帽": ["鞋履", "帽子"],
        "箱包": ["双肩包"],
    },
    "茶食": {
        "茶叶": ["绿茶", "红茶"],
        "蜂蜜果酱": ["蜂蜜", "果酱"],
        "礼盒": ["节令礼盒"],
        "时令": ["鲜果"],
    },
    "文具数码": {
        "书写": ["本册", "笔"],
        "音频": ["耳机", "音箱"],
        "配件": ["键盘", "手表", "雨具"],
    },
    "卡券": {
        "电子券": ["体验券", "饮品券"],
    },
}


def _item(
    code, name, kind, leaf, fen, *, tax=13, colour=SAND, stock=60, cost=0.55, **more
):
    """One product. ``colours`` and ``sizes`` make variants; ``extra`` is fen per size step.

    ``cold``: pieces in the cold store; ``returns``: rule of the seven-day return;
    ``codes``: a virtual product sold in that many codes.
    """
    return {
        "code": code,
        "name": name,
        "kind": kind,
        "leaf": leaf,
        "fen": fen,
        "tax": tax,
        "colour": colour,
        "stock": stock,
        "cost_fen": int(fen * cost),
        "subtitle": more.get("subtitle", ""),
        "colours": more.get("colours", ()),
        "sizes": more.get("sizes", ()),
        "extra": more.get("extra", 0),
        "cold": more.get("cold", 0),
        "returns": more.get("returns", "seven_days"),
        "codes": more.get("codes", 0),
    }


PRODUCTS = [
    _item("MUG01", "山间晨雾马克杯", "mug", "杯壶", 5900, colours=("靛蓝", "杏黄", "米白"), subtitle="手作陶土，350 毫升"),
    _item("MUG02", "半山窑变咖啡杯", "mug", "杯壶", 8800, colour=DARK, subtitle="每一只釉色都不同"),
    _item("POT01", "老岩泥提梁茶壶", "teapot", "杯壶", 26800, colour=RED, stock=24),
    _item("POT02", "月白小茶壶", "teapot", "杯壶", 16800, colour=WHITE, stock=30),
    _item("BTL01", "行旅保温瓶", "bottle", "杯壶", 12900, colours=("竹青", "墨黑", "藕粉"), sizes=("350ml", "500ml"), extra=2000, subtitle="保温十二小时"),
    _item("BWL01", "手拉坯斗笠碗", "bowl", "碗盘", 3900, colour=SAND, stock=160),
    _item("BWL02", "青釉汤碗", "bowl", "碗盘", 4900, colour=GREEN, stock=140),
    _item("PLT01", "靛蓝点心盘", "plate", "碗盘", 4500, colour=BLUE, stock=120),
    _item("PLT02", "炻器早餐盘", "plate", "碗盘", 5200, colours=("米白", "墨黑")),
    _item("LMP01", "宣纸床头灯", "lamp", "灯具", 29900, colour=YELLOW, stock=25),
    _item("LMP02", "竹影落地灯", "lamp", "灯具", 59900, colour=SAND, stock=12),
    _item("CHR01", "白蜡木餐椅", "chair", "椅凳", 69900, colours=("米白", "竹青"), stock=14),
    _item("PLN01", "龟背竹小盆栽", "plant", "绿植", 3900, tax=9, colour=RED, stock=90),
    _item("PLN02", "文竹案头绿植", "plant", "绿植", 2900, tax=9, colour=SAND, stock=90),
    _item("CSH01", "亚麻条纹靠垫", "cushion", "靠垫", 7900, colours=("靛蓝", "朱红", "米白")),
    _item("CSH02", "荞麦壳腰枕", "cushion", "靠垫", 9900, colour=GREEN),
    _item("CND01", "雪松大豆蜡烛", "candle", "香氛", 6800, colour=GREEN, subtitle="燃烧约四十小时"),
    _item("CND02", "桂花香薰蜡烛", "candle", "香氛", 6800, colour=YELLOW),
    _item("TWL01", "长绒棉毛巾四条装", "towel", "毛巾", 8900, colours=("米白", "藕粉", "靛蓝")),
    _item("SOP01", "冷制山茶油皂", "soap", "洗护", 3200, colour=PINK, stock=180),
    _item("SOP02", "竹炭洁面皂", "soap", "洗护", 2800, colour=DARK, stock=180),
    _item("TEE01", "重磅纯棉T恤", "tee", "T恤", 9900, colours=("朱红", "靛蓝", "米白", "墨黑"), sizes=SIZES, stock=30, subtitle="二百六十克新疆棉"),
    _item("TEE02", "山形印花T恤", "tee", "T恤", 11900, colours=("竹青", "杏黄"), sizes=SIZES, stock=25),
    _item("HOD01", "落肩连帽卫衣", "hoodie", "卫衣", 22900, colours=("墨黑", "米白", "藕粉"), sizes=SIZES, stock=20),
    _item("HOD02", "加绒圆领卫衣", "hoodie", "卫衣", 19900, colours=("靛蓝", "竹青"), sizes=SIZES, stock=20),
    _item("TRS01", "水洗直筒长裤", "trousers", "长裤", 18900, colours=("墨黑", "靛蓝"), sizes=SIZES, stock=22),
    _item("SHO01", "轻量徒步鞋", "shoe", "鞋履", 36900, colours=("竹青", "墨黑"), sizes=("38", "40", "42", "44"), stock=12),
    _item("CAP01", "遮阳渔夫帽", "cap", "帽子", 6900, colours=("藕粉", "米白", "墨黑")),
    _item("BAG01", "通勤双肩包", "backpack", "双肩包", 25900, colours=("墨黑", "米白", "竹青"), stock=26),
    _item("BAG02", "徒步双肩包 30L", "backpack", "双肩包", 42900, colours=("朱红", "靛蓝"), stock=15),
    _item("TEA01", "明前龙井 100 克", "tin", "绿茶", 19800, colour=GREEN, stock=80),
    _item("TEA02", "高山云雾 150 克", "tin", "绿茶", 12800, colour=BLUE, stock=80),
    _item("TEA03", "正山小种 100 克", "tin", "红茶", 15800, colour=RED, stock=80),
    _item("HON01", "百花蜂蜜 500 克", "jar", "蜂蜜", 6900, colour=YELLOW, stock=150),
    _item("HON02", "洋槐蜂蜜 500 克", "jar", "蜂蜜", 7900, colour=SAND, stock=150),
    _item("JAM01", "手工草莓酱", "jar", "果酱", 3600, colour=RED, stock=150),
    _item("JAM02", "蓝莓果酱", "jar", "果酱", 3900, colour=BLUE, stock=150),
    _item("GFT01", "山货节令礼盒", "box", "节令礼盒", 29900, colour=PINK, stock=40),
    _item("GFT02", "茶器伴手礼盒", "box", "节令礼盒", 39900, colour=SAND, stock=30),
    _item("NTB01", "方格线装本", "notebook", "本册", 2600, colours=("杏黄", "靛蓝", "朱红"), stock=120),
    _item("NTB02", "旅行手账", "notebook", "本册", 6800, colour=GREEN, stock=80),
    _item("PEN01", "黄铜中性笔三支装", "pen_set", "笔", 5900, colour=YELLOW, stock=100),
    _item("HPH01", "头戴式降噪耳机", "headphones", "耳机", 89900, colours=("墨黑", "米白"), stock=10),
    _item("SPK01", "胡桃木蓝牙音箱", "speaker", "音箱", 49900, colour=DARK, stock=14),
    _item("KBD01", "八十七键机械键盘", "keyboard", "键盘", 39900, colours=("竹青", "墨黑"), stock=14),
    _item("WCH01", "极简石英手表", "watch", "手表", 45900, colours=("墨黑", "杏黄"), stock=16),
    _item("UMB01", "手工长柄伞", "umbrella", "雨具", 12900, colours=("朱红", "靛蓝", "杏黄"), stock=35),
    _item("FRU01", "塘栖枇杷 2 斤装", "fruit", "鲜果", 6800, tax=9, colour=YELLOW, stock=0, cold=120, returns="fresh", subtitle="冷链直发，当日采摘"),
    _item("FRU02", "象山红美人柑橘 3 斤装", "fruit", "鲜果", 12800, tax=9, colour=RED, stock=0, cold=90, returns="fresh", subtitle="冷链直发"),
    _item("VOU01", "陶艺体验课电子券", "voucher", "体验券", 16800, tax=6, colour=BLUE, stock=0, codes=80, returns="digital", subtitle="凭券码到店使用"),
    _item("VOU02", "山野咖啡饮品券", "voucher", "饮品券", 2800, tax=6, colour=GREEN, stock=0, codes=150, returns="digital", subtitle="任一门店通兑"),
]  # fmt: skip

#: live price rules of the consumer price list: (codes, kind, value); percent off or fen
PRICE_RULES = [
    (("MUG01", "MUG02", "PLT02"), "percent", 10),
    (("TEE01", "TEE02", "HOD01", "HOD02", "TRS01"), "percent", 15),
    (("HON01", "HON02", "JAM01", "JAM02"), "percent", 5),
    (("TEA01", "TEA02", "TEA03"), "percent", 8),
    (("LMP01",), "fixed", 25900),
    (("HPH01",), "fixed", 79900),
    (("UMB01", "CAP01"), "percent", 20),
]

#: where parcels start and goods come back: (name, street, district, city, province)
MAIN_STORE = ("山野集仓库", "五常大道 168 号", "余杭区", "杭州市", "浙江省")
COLD_STORE = ("山野集冷链仓", "甬江大道 21 号", "鄞州区", "宁波市", "浙江省")
RETURNS = ("山野集售后部", "五常大道 168 号 2 号门", "余杭区", "杭州市", "浙江省")

#: shops where orders are collected: name, city, district, street, phone, hours,
#: latitude and longitude (GCJ-02 degrees)
PICKUP_POINTS = (
    ("山野集 · 湖滨店", "杭州市", "上城区", "湖滨路 35 号", "0571-86000001", "周一至周日 10:00–21:30", 30.2533, 120.1611),
    ("山野集 · 滨江店", "杭州市", "滨江区", "江南大道 480 号", "0571-86000002", "周二至周日 9:30–20:00", 30.2084, 120.2120),
)  # fmt: skip

_DIGITS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that look alike


def voucher_code(code: str, number: int) -> str:
    """A voucher's code, always the same: a demo's codes are no secret.

    :param code: of the product
    :param number: from 1
    """
    digest = hashlib.sha256(f"{code}/{number}".encode()).digest()
    text = "".join(_DIGITS[byte % len(_DIGITS)] for byte in digest[:12])
    return f"{code[:3]}-{text[:4]}-{text[4:8]}-{text[8:]}"
