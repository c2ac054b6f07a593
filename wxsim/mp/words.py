"""Word lists of the simulated content check.

The platform's model is not public. Here a text is *risky* when it contains a word
of a list, *review* when it contains a word of the doubtful list, else *pass*. Two
nonsense strings that the platform's documentation and libraries use as known risky
probes are included, so that tests need no offensive text.
"""

NORMAL = 100

PROBES = (
    "特3456书yuuo莞6543李zxcz蒜7782法fgnv级",
    "完2347全dfji试3726测asad感3847知qwez到",
)

RISKY = {
    20006: (*PROBES, "代开发票", "出售枪支", "买卖银行卡", "办假证", "违禁品代购"),
    20008: ("刷单返利", "兼职刷单", "保本高收益", "中奖领取请先转账"),
    20002: ("招嫖", "色情视频", "裸聊"),
    20003: ("去死吧", "傻逼", "王八蛋"),
    20001: ("颠覆政权",),
    10001: ("加微信领红包", "加我微信", "扫码加群领"),
}

REVIEW = {
    20012: ("擦边",),
    10001: ("全网最低价", "第一品牌", "国家级"),
    20013: ("高仿", "原单尾货"),
    21000: ("人工复核测试",),
}

# Answers of detail entries: probability of the model by verdict.
PROBABILITY = {"risky": 95, "review": 60, "pass": 90}


def _fold(text):
    return "".join(text.split()).lower()


def find_word(lists, text):
    """First ``(label, word)`` of ``lists`` that ``text`` contains, or None."""
    folded = _fold(text)
    for label, words in lists.items():
        for word in words:
            if _fold(word) in folded:
                return label, word
    return None


def judge(text, extra_risky=(), extra_review=()):
    """Judge a text: ``(suggest, label, word)``.

    ``suggest`` is risky, review or pass; ``extra_*`` are words added by a test
    (label 21000, *other*).
    """
    risky = find_word({**RISKY, "extra": tuple(extra_risky)}, text)
    if risky:
        return "risky", _label(risky[0]), risky[1]
    review = find_word({**REVIEW, "extra": tuple(extra_review)}, text)
    if review:
        return "review", _label(review[0]), review[1]
    return "pass", NORMAL, ""


def _label(label):
    return 21000 if label == "extra" else label
