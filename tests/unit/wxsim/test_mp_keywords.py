"""Value rules of subscribe keywords (47003 with the field's name)."""

import pytest

from wxsim.mp import keywords, words

GOOD = {
    "thing1": ["红富士苹果 5 斤装", "x" * 20, "汉" * 20, "🍎" * 20],
    "number2": ["1", "12.50", "9" * 32],
    "letter3": ["Abc"],
    "symbol4": ["!!", "￥"],
    "character_string5": ["WX2026-0001", "a" * 32],
    "time6": ["15:01", "2026年1月1日 15:01", "2026-01-01 08:00~2026-01-02 09:00"],
    "date7": ["2026年1月1日", "2026-01-01", "2026.1.1 10:00", "2026/01/01~2026/02/01"],
    "amount8": ["￥12.50", "¥0.01", "12元", "$1234567890", "99.9"],
    "phone_number9": ["+86-0766-66888866", "13800138000"],
    "car_number10": ["粤A8Z888挂", "京A12345"],
    "name11": ["张三", "李" * 10, "a" * 20],
    "phrase12": ["已发货", "待取货"],
}
BAD = {
    "thing1": ["", "  ", "x" * 21, "two\nlines", "tab\t", None],
    "number2": ["12元", "9" * 33, "1,5"],
    "letter3": ["abc1", "汉", "a" * 33],
    "symbol4": ["!!!!!!", "a"],
    "character_string5": ["订单1", "a" * 33],
    "time6": ["25:00", "明天", "2026-01-01"],
    "date7": ["15:01", "昨天", "20260101"],
    "amount8": ["￥12345678901", "十元", "1.2.3", "人民币12"],
    "phone_number9": ["1" * 18, "电话1"],
    "car_number10": ["粤A8Z888888挂"],
    "name11": ["李" * 11, "a" * 21, "张" + "a" * 10],
    "phrase12": ["已发货了没有", "ok"],
    "unknown13": ["x"],
}


@pytest.mark.parametrize("key,value", [(k, v) for k in GOOD for v in GOOD[k]])
def test_good_values(key, value):
    assert keywords.value_ok(key, value)


@pytest.mark.parametrize("key,value", [(k, v) for k in BAD for v in BAD[k]])
def test_bad_values(key, value):
    assert not keywords.value_ok(key, value)


def test_enum_needs_a_listed_value():
    enums = {"enum1": ["开", "关"]}
    assert keywords.value_ok("enum1", "开", enums)
    assert not keywords.value_ok("enum1", "停", enums)


def test_first_error_names_the_field():
    content = "订单号:{{character_string1.DATA}}\n商品:{{thing2.DATA}}\n"
    assert keywords.template_keys(content) == ["character_string1", "thing2"]
    data = {"character_string1": {"value": "A1"}, "thing2": {"value": "x" * 21}}
    assert keywords.first_error(content, data) == "data.thing2.value"
    data["thing2"]["value"] = "苹果"
    assert keywords.first_error(content, data) is None
    del data["character_string1"]
    assert keywords.first_error(content, data) == "data.character_string1.value"


def test_word_lists():
    assert words.judge("好吃，会回购")[:2] == ("pass", 100)
    for probe in words.PROBES:
        assert words.judge(f"前{probe}后")[:2] == ("risky", 20006)
    assert words.judge("加 我 微信")[:2] == ("risky", 10001)
    assert words.judge("人工复核测试")[0] == "review"
    assert words.judge("坏词", extra_risky=["坏词"]) == ("risky", 21000, "坏词")
