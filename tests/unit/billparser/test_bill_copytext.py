from billparser import CopyStream
from billparser.copytext import copy_line


def test_null_and_escapes():
    assert copy_line(["a", None, 3]) == "a\t\t3"
    assert copy_line(["a\tb", "c\\N", None, "d\re"]) == "a\\tb\tc\\\\N\t\td\\re"


def test_stream_reads_any_size():
    rows = [["中文" * 50, n, None] for n in range(3000)]
    expected = "".join(f"7\t{n + 1}\t{'中文' * 50}\t{n}\t\n" for n in range(3000))
    for size in (1, 100, 8192, 1 << 20):
        stream = CopyStream(iter(rows), prefix=(7,))
        data = b""
        limit = 5000 if size == 1 else 1 << 30
        while len(data) < limit and (block := stream.read(size)):
            assert len(block) <= size
            data += block
        assert expected.encode().startswith(data)
        if size > 1:
            assert data == expected.encode()
            assert stream.count == 3000
