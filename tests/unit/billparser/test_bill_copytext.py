import pytest
from bill_samples import ALL, PAID, REFUNDED, SUMMARY, bill
from billparser import TRADE_COLUMNS, BillFormatError, CopyStream, TradeReader

TOTAL = "`2.0,`29.90,`260.00,`0.0,`-1.38,`29.90,`260.00"


def copied(data, prefix=7):
    return b"".join(TradeReader(data).copy_blocks(prefix)).decode()


def test_rows_numbers_null_and_escapes():
    odd = PAID.replace("`a, b and `c`", "`a\tb\\\\N\r1")
    first, second = copied(bill(ALL, odd, REFUNDED, SUMMARY, TOTAL)).splitlines()
    row = dict(
        zip(("bill", "no", *TRADE_COLUMNS, "extra"), first.split("\t"), strict=True)
    )
    assert (row["bill"], row["no"], row["extra"]) == ("7", "1", "")
    assert row["product_name"] == "a\\tb\\\\\\\\N\\r1"
    assert (row["settle_fen"], row["fee_fen"], row["device"]) == ("2990", "18", "")
    assert second.split("\t")[1] == "2"


def test_what_copy_gets_is_what_iteration_gives():
    odd = PAID.replace("`a, b and `c`", "`\t\\t\\\\ \\")
    data = bill(ALL, odd, REFUNDED, SUMMARY, TOTAL)
    for line, row in zip(copied(data).splitlines(), TradeReader(data), strict=True):
        cells = [
            cell.replace("\\\\", "\0").replace("\\t", "\t").replace("\0", "\\")
            for cell in line.split("\t")[2:-1]
        ]
        assert cells == ["" if value is None else str(value) for value in row]


def test_unknown_columns_are_kept_as_json():
    heading, row = f"新列,{ALL}", f'`说"\\明",{PAID}'
    data = bill(heading, row, SUMMARY, "`1,`29.90,`0,`0,`0.18,`29.90,`0")
    reader = TradeReader(data)
    line = b"".join(reader.copy_blocks(1)).decode().rstrip("\n")
    assert reader.extra == ("新列",)
    assert line.split("\t")[-1].replace("\\\\", "\\") == '{"新列": "说\\"\\\\明\\""}'


def test_stream_reads_any_size():
    blocks = [b"a" * 100, b"", b"b" * 7, b"c" * 5000]
    for size in (1, 100, 8192, 1 << 20):
        stream = CopyStream(blocks)
        data = b""
        while block := stream.read(size):
            assert len(block) <= size
            data += block
        assert data == b"".join(blocks)


def test_stream_keeps_what_the_reader_raised():
    stream = CopyStream(TradeReader(b"<html>").copy_blocks(1))
    with pytest.raises(BillFormatError) as caught:
        stream.read()
    assert stream.error is caught.value
