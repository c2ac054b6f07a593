"""The template library and the app's private templates (``/wxaapi/newtmpl``)."""

import json
import string

from . import keywords
from .errors import MpError
from .gateway import endpoint, ok

MAX_PRIVATE = 50
_ALPHABET = string.ascii_letters + string.digits + "-_"
CATEGORY = {"id": 616, "name": "商家自营"}

# Public templates a mall needs: tid -> (title, [(name, rule, example)]).
LIBRARY = {
    "30766": (
        "订单支付成功通知",
        [
            ("订单编号", "character_string", "WX20260101001"),
            ("商品名称", "thing", "红富士苹果"),
            ("支付金额", "amount", "￥99.90"),
            ("支付时间", "time", "2026年1月1日 10:00"),
            ("备注", "thing", "我们会尽快发货"),
        ],
    ),
    "30767": (
        "订单发货通知",
        [
            ("订单编号", "character_string", "WX20260101001"),
            ("商品名称", "thing", "红富士苹果"),
            ("快递公司", "thing", "圆通速递"),
            ("快递单号", "character_string", "YT1234567890"),
            ("发货时间", "time", "2026年1月1日 10:00"),
        ],
    ),
    "30768": (
        "退款成功通知",
        [
            ("订单编号", "character_string", "WX20260101001"),
            ("退款金额", "amount", "￥99.90"),
            ("退款时间", "time", "2026年1月1日 10:00"),
            ("退款原因", "thing", "不想要了"),
        ],
    ),
    "30769": (
        "订单待付款提醒",
        [
            ("订单编号", "character_string", "WX20260101001"),
            ("商品名称", "thing", "红富士苹果"),
            ("待付金额", "amount", "￥99.90"),
            ("支付截止时间", "time", "2026年1月1日 10:00"),
        ],
    ),
    "30770": (
        "拼团成功通知",
        [
            ("商品名称", "thing", "红富士苹果"),
            ("拼团价", "amount", "￥59.90"),
            ("拼团人数", "number", "3"),
            ("温馨提示", "thing", "商家正在备货"),
        ],
    ),
    "30771": (
        "到货提醒",
        [
            ("商品名称", "thing", "红富士苹果"),
            ("到货时间", "time", "2026年1月1日 10:00"),
            ("温馨提示", "thing", "数量有限"),
        ],
    ),
    "30772": (
        "优惠券到期提醒",
        [
            ("优惠券名称", "thing", "满100减10"),
            ("到期日期", "date", "2026年1月1日"),
            ("使用状态", "phrase", "未使用"),
        ],
    ),
    "30773": (
        "售后进度通知",
        [
            ("订单编号", "character_string", "WX20260101001"),
            ("售后状态", "phrase", "已同意"),
            ("处理时间", "time", "2026年1月1日 10:00"),
            ("备注", "thing", "请寄回商品"),
        ],
    ),
}


def new_template_id(db, ids):
    """A private template id: 43 characters."""
    return ids.text(db, "template", 43, _ALPHABET)


def save_template(db, ids, appid, now, title, content, **more):
    """Insert (or replace) a private template; returns its id.

    ``more``: template_id, tid, example, enums (dict), type, banned.
    """
    template_id = more.get("template_id") or new_template_id(db, ids)
    db.execute(
        "INSERT OR REPLACE INTO mp_templates (template_id, appid, tid, title, content, "
        "example, enums, type, banned, created_at) VALUES (?,?,?,?,?,?,?,?,?,?)",
        (
            template_id,
            appid,
            more.get("tid", ""),
            title,
            content,
            more.get("example", ""),
            json.dumps(more.get("enums") or {}, ensure_ascii=False),
            more.get("type", 2),
            int(bool(more.get("banned"))),
            now,
        ),
    )
    return template_id


def compose(tid, kid_list):
    """``(title, content, example)`` of a library template and chosen keywords."""
    title, words = LIBRARY[tid]
    content, example = [], []
    for kid in kid_list:
        name, rule, sample = words[kid - 1]
        content.append(f"{name}:{{{{{rule}{kid}.DATA}}}}\n")
        example.append(f"{name}:{sample}\n")
    return title, "".join(content), "".join(example)


def template_document(row):
    """A private template as gettemplate shows it."""
    document = {
        "priTmplId": row["template_id"],
        "title": row["title"],
        "content": row["content"],
        "example": row["example"],
        "type": row["type"],
    }
    enums = json.loads(row["enums"])
    if enums:
        document["keywordEnumValueList"] = [
            {"keywordCode": f"{key}.DATA", "enumValueList": values}
            for key, values in enums.items()
        ]
    return document


@endpoint("GET", "/wxaapi/newtmpl/getcategory")
def getcategory(call):
    """Categories of the account."""
    return ok(data=[CATEGORY])


def _number(call, name, code, default):
    value = call.query.get(name, str(default))
    if not value.isdigit():
        raise MpError(code, f"invalid {name}")
    return int(value)


@endpoint("GET", "/wxaapi/newtmpl/getpubtemplatetitles")
def getpubtemplatetitles(call):
    """Public templates of the categories."""
    if not call.query.get("ids"):
        raise MpError(200018, "ids missing")
    start = _number(call, "start", 200016, 0)
    limit = _number(call, "limit", 200017, 30)
    if not 1 <= limit <= 30:
        raise MpError(200017, "invalid limit")
    wanted = call.query["ids"].split(",")
    rows = [
        {"tid": int(tid), "title": title, "type": 2, "categoryId": str(CATEGORY["id"])}
        for tid, (title, _words) in LIBRARY.items()
        if str(CATEGORY["id"]) in wanted
    ]
    return ok(count=len(rows), data=rows[start : start + limit])


@endpoint("GET", "/wxaapi/newtmpl/getpubtemplatekeywords")
def getpubtemplatekeywords(call):
    """Keywords of a public template."""
    found = LIBRARY.get(call.query.get("tid", ""))
    if not found:
        raise MpError(200014)
    rows = [
        {"kid": kid, "name": name, "example": example, "rule": rule}
        for kid, (name, rule, example) in enumerate(found[1], 1)
    ]
    return ok(count=len(rows), data=rows)


@endpoint("POST", "/wxaapi/newtmpl/addtemplate", fields=("tid", "kidList", "sceneDesc"))
def addtemplate(call):
    """Make a private template of 2 to 5 keywords of a public one."""
    tid = str(call.body.get("tid", ""))
    if tid not in LIBRARY:
        raise MpError(200014)
    kids = call.body.get("kidList")
    known = range(1, len(LIBRARY[tid][1]) + 1)
    if not isinstance(kids, list) or not 2 <= len(kids) <= 5:
        raise MpError(200020)
    if len(set(kids)) != len(kids) or any(kid not in known for kid in kids):
        raise MpError(200020)
    if len(call.text("sceneDesc", 200021)) > 15:
        raise MpError(200021)
    title, content, example = compose(tid, kids)
    rows = call.db.execute(
        "SELECT content, title FROM mp_templates WHERE appid=?", (call.appid,)
    ).fetchall()
    if len(rows) >= MAX_PRIVATE:
        raise MpError(200012)
    if any((row["title"], row["content"]) == (title, content) for row in rows):
        raise MpError(200022, "template with the same title and keywords exists")
    template_id = save_template(
        call.db,
        call.sim.ids,
        call.appid,
        call.now,
        title,
        content,
        tid=tid,
        example=example,
    )
    return ok(priTmplId=template_id)


@endpoint("GET", "/wxaapi/newtmpl/gettemplate")
def gettemplate(call):
    """The app's private templates."""
    rows = call.db.execute(
        "SELECT * FROM mp_templates WHERE appid=? ORDER BY created_at, rowid",
        (call.appid,),
    ).fetchall()
    return ok(data=[template_document(row) for row in rows])


@endpoint("POST", "/wxaapi/newtmpl/deltemplate", fields=("priTmplId",))
def deltemplate(call):
    """Remove a private template."""
    done = call.db.execute(
        "DELETE FROM mp_templates WHERE appid=? AND template_id=?",
        (call.appid, call.body.get("priTmplId")),
    )
    if not done.rowcount:
        raise MpError(20002)
    return ok()


def check_content(content):
    """Problem of a hand-made template's content, or None."""
    keys = keywords.template_keys(content)
    if not keys:
        return "content holds no {{keyword.DATA}}"
    strange = [key for key in keys if keywords.kind_of(key) not in keywords.RULES]
    return f"unknown keyword type {strange[0]}" if strange else None
