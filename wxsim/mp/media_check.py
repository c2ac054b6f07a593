"""Verdicts on pictures and sounds for media_check_async.

No model looks at the picture: the file is fetched (its absence is -1008) and the
verdict follows the words ``risky`` and ``review`` or the word lists in its URL, so
that a test decides the result by naming its file.
"""

import urllib.parse

from ..core.delivery import Outgoing, send
from . import words

_LIMIT = 10 * 1024 * 1024
NOT_FETCHED = -1008


def verdict(url, extra_risky=(), extra_review=()):
    """``(suggest, label)`` for a media URL."""
    text = urllib.parse.unquote(url)
    suggest, label, _word = words.judge(text, extra_risky, extra_review)
    if suggest == "pass" and "risky" in text:
        return "risky", 20002
    if suggest == "pass" and "review" in text:
        return "review", 21000
    return suggest, label


def check_media(sim, url):
    """Members of the ``wxa_media_check`` event that tell the result."""
    status, body = send(Outgoing("GET", url, {}, b""), 3.0)
    if status != 200 or not body or len(body) > _LIMIT:
        return {"errcode": NOT_FETCHED, "errmsg": "download fail"}
    suggest, label = verdict(url, *extra_words(sim))
    return {
        "errcode": 0,
        "errmsg": "ok",
        "result": {"suggest": suggest, "label": label},
        "detail": [
            {
                "strategy": "content_model",
                "errcode": 0,
                "suggest": suggest,
                "label": label,
                "prob": words.PROBABILITY[suggest],
            }
        ],
    }


def extra_words(sim):
    """Words a test added through the settings: ``(risky, review)`` tuples."""
    lists = []
    for name in ("mp_risky_words", "mp_review_words"):
        text = sim.settings.get(name).replace("，", ",")
        lists.append(tuple(word.strip() for word in text.split(",") if word.strip()))
    return tuple(lists)
