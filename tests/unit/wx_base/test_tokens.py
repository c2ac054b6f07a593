"""Access and refresh tokens."""

import base64

import pytest
import tokens
from wxcrypto import KeyRing

KEYS = {1: b"a" * 32, 2: b"b" * 32}
NOW = 1_800_000_000


@pytest.fixture
def ring():
    return KeyRing(KEYS)


def test_round_trip(ring):
    token, expires = tokens.make(ring, 77, 7200, now=NOW)
    assert len(token) == tokens.LENGTH and expires == NOW + 7200
    assert tokens.session_of(ring, token, now=NOW + 7199) == 77


def test_expires_to_the_second(ring):
    token, _expires = tokens.make(ring, 77, 7200, now=NOW)
    with pytest.raises(tokens.TokenError) as error:
        tokens.session_of(ring, token, now=NOW + 7200)
    assert error.value.code == "auth.expired"


def test_every_changed_bit_is_refused(ring):
    token, _expires = tokens.make(ring, 77, 7200, now=NOW)
    raw = bytearray(base64.urlsafe_b64decode(token))
    for index in range(len(raw)):
        forged = bytearray(raw)
        forged[index] ^= 1
        with pytest.raises(tokens.TokenError) as error:
            tokens.session_of(ring, base64.urlsafe_b64encode(forged).decode(), now=NOW)
        assert error.value.code == "auth.invalid"


@pytest.mark.parametrize("token", ["", "x", "é" * 64, "=" * 64, "A" * 63, "A" * 65])
def test_garbage(ring, token):
    with pytest.raises(tokens.TokenError):
        tokens.session_of(ring, token, now=NOW)


def test_old_key_version_stays_good_until_it_leaves_the_ring(ring):
    old = KeyRing({1: KEYS[1]})
    token, _expires = tokens.make(old, 5, 60, now=NOW)
    assert tokens.session_of(ring, token, now=NOW) == 5
    with pytest.raises(tokens.TokenError):
        tokens.session_of(KeyRing({2: KEYS[2]}), token, now=NOW)


def test_other_ring_is_refused(ring):
    token, _expires = tokens.make(KeyRing({2: b"c" * 32}), 5, 60, now=NOW)
    with pytest.raises(tokens.TokenError):
        tokens.session_of(ring, token, now=NOW)


def test_refresh_token_parts():
    secret = tokens.refresh_secret()
    assert tokens.split_refresh(f"12.{secret}") == (12, secret)
    assert tokens.refresh_hash(secret) != secret
    for bad in ("", "12", "x." + secret, f"-1.{secret}", f"9999999999.{secret}"):
        with pytest.raises(tokens.TokenError):
            tokens.split_refresh(bad)
