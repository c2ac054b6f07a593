"""A quote is ours, of this shopper, of these goods, and of this quarter of an hour."""

import base64
import json

import pytest
from pricing import quote_token
from pricing.quote_token import QuoteError
from wxcrypto import KeyRing

ABOUT = quote_token.digest([[1, 2]], "express", None)


@pytest.fixture
def ring():
    return KeyRing({1: b"1" * 32, 2: b"2" * 32})


def make(ring, now=1_000):
    return quote_token.make(ring, 7, 3, 11, ABOUT, 1999, now)


def test_round_trip(ring):
    token, expires = make(ring)
    assert expires == 1_000 + quote_token.LIFETIME
    assert len(token) <= quote_token.MAX_LENGTH
    payload = quote_token.read(ring, token)
    assert payload["m"] == 1999
    for address in (11, None):
        quote_token.check(payload, 7, 3, address, ABOUT, now=1_001)
    other = quote_token.read(ring, make(ring)[0])
    assert other["n"] != payload["n"]


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ((8, 3, 11, ABOUT, 1_001), "quote.foreign"),
        ((7, 4, 11, ABOUT, 1_001), "quote.foreign"),
        ((7, 3, 12, ABOUT, 1_001), "quote.mismatch"),
        ((7, 3, 11, "x", 1_001), "quote.mismatch"),
        ((7, 3, 11, ABOUT, 1_900), "quote.expired"),
    ],
)
def test_it_fits_one_order_only(ring, args, code):
    payload = quote_token.read(ring, make(ring)[0])
    with pytest.raises(QuoteError) as caught:
        quote_token.check(payload, *args)
    assert caught.value.code == code


def test_what_we_did_not_sign_is_refused(ring):
    token = make(ring)[0]
    version, raw, mac = token.split(".")
    payload = json.loads(base64.urlsafe_b64decode(raw + "==="))
    payload["m"] = 1
    forged = base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip("=")
    other = KeyRing({1: b"x" * 32})
    stranger = quote_token.make(other, 7, 3, 11, ABOUT, 1)[0]
    bad = [
        f"{version}.{forged}.{mac}",
        f"1.{raw}.{mac}",
        f"9.{raw}.{mac}",
        f"{version}.{raw}.",
        f"{version}.{raw}",
        "",
        "..",
        "é.é.é",
        f"{version}.{raw}.{mac}=.",
        stranger,
    ]
    for text in bad:
        with pytest.raises(QuoteError) as caught:
            quote_token.read(ring, text)
        assert caught.value.code == "quote.invalid", text


def test_the_digest_tells_things_apart():
    seen = {
        quote_token.digest([[1, 2]], "express", None),
        quote_token.digest([[1, 2]], "pickup", 1),
        quote_token.digest([[1, 3]], "express", None),
        quote_token.digest([[12, 3]], "express", None),
    }
    assert len(seen) == 4
