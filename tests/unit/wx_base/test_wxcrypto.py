import base64

import pytest
from wxcrypto import (
    CipherText,
    EnvelopeError,
    KeyRing,
    KeyRingError,
    looks_masked,
    mask,
    normalise,
    open_envelope,
    seal,
)


def line(version, byte):
    return f"{version} {base64.b64encode(bytes([byte]) * 32).decode()}"


ONE = KeyRing.parse(line(1, 1))
BOTH = KeyRing.parse(f"# old\n{line(1, 1)}\n\n{line(2, 2)}\n")
TWO = KeyRing.parse(line(2, 2))


def test_round_trip_and_versions():
    sealed = seal(ONE, "wx.user:phone", "13800138000")
    assert isinstance(sealed, CipherText)
    assert sealed.startswith("w1.1.") and "13800138000" not in sealed
    assert open_envelope(BOTH, "wx.user:phone", sealed) == "13800138000"
    assert seal(BOTH, "c", "x").startswith("w1.2.")
    assert seal(ONE, "c", "x") != seal(ONE, "c", "x")


def test_moved_damaged_and_keyless_values_do_not_open():
    sealed = seal(ONE, "wx.user:phone", "张三")
    with pytest.raises(EnvelopeError):
        open_envelope(ONE, "wx.user:name", sealed)
    with pytest.raises(EnvelopeError):
        open_envelope(BOTH, "wx.user:phone", sealed.replace("w1.1.", "w1.2."))
    with pytest.raises(EnvelopeError):
        open_envelope(ONE, "wx.user:phone", sealed[:-6] + "AAAAAA")
    for broken in ("w1.1.", "w1.1.!!", "w1.x.AAAA", "13800138000", "w1.1.AAAA"):
        with pytest.raises(EnvelopeError):
            open_envelope(ONE, "wx.user:phone", broken)
    with pytest.raises(KeyRingError, match="no key version 1"):
        open_envelope(TWO, "wx.user:phone", sealed)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "holds no key"),
        ("1", "line 1"),
        ("1 abc", "not base64|has"),
        (f"1 {base64.b64encode(b'short').decode()}", "has 5 bytes"),
        (f"0 {base64.b64encode(bytes(32)).decode()}", "out of range"),
        (f"{line(1, 1)}\n{line(1, 2)}", "line 2"),
    ],
)
def test_bad_key_files_say_where(text, complaint):
    with pytest.raises(KeyRingError, match=complaint):
        KeyRing.parse(text)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(KeyRingError, match="nowhere"):
        KeyRing.load(tmp_path / "nowhere")


def test_purposes_do_not_share_keys():
    assert ONE.derived("a") != ONE.derived("b")
    assert ONE.mac("a", b"x") != BOTH.mac("a", b"x")
    assert BOTH.mac("a", b"x", 1) == ONE.mac("a", b"x")
    assert ONE.fingerprint(1) == BOTH.fingerprint(1) != BOTH.fingerprint(2)


def test_masks():
    assert mask("phone", "13800138000") == "138****8000"
    assert mask("phone", "+85261234567") == "+852****4567"
    assert mask("phone", "12345") == "****45"
    assert mask("name", "欧阳修") == "欧**"
    assert mask("address", "浙江省杭州市西湖区文三路478号") == "浙江省杭州市****"
    assert mask("address", "文三路1号") == "文三****"
    assert mask("secret", "abc") == "********"
    assert mask("secret", "") == ""
    for kind, value in (("phone", "13800138000"), ("name", "张三"), ("secret", "x")):
        assert looks_masked(kind, mask(kind, value))
        assert not looks_masked(kind, value)


def test_normal_forms():
    for spelling in ("+86 138-0013-8000", "0086 13800138000", "8613800138000"):
        assert normalise("phone", spelling) == "13800138000"
    assert normalise("phone", "１３８００１３８０００") == "13800138000"
    assert normalise("phone", "+852 6123 4567") == "+85261234567"
    assert normalise("name", " Zhang San ") == "zhang san"
