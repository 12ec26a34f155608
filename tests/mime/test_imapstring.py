import pytest

from angarium.mime.imapstring import nstring, parameter_list, string


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (b"", b'""'),
        (b"plain text", b'"plain text"'),
        (b'a "b" \\', b'"a \\"b\\" \\\\"'),
        (b"caf\xe9", b"{4}\r\ncaf\xe9"),
        (b"a\r\nb", b"{4}\r\na\r\nb"),
        (b"a\0b", b'"ab"'),
        (b"\0\xff", b"{1}\r\n\xff"),
        (b"\x01", b'"\x01"'),
    ],
)
def test_strings(value: bytes, sent: bytes) -> None:
    assert string(value) == sent
    assert nstring(value) == sent


def test_nil_and_lists() -> None:
    assert nstring(None) == b"NIL"
    assert parameter_list([]) == b"NIL"
    assert parameter_list([(b"A", b"b"), (b"C", b"\xff")]) == b'("A" "b" "C" {1}\r\n\xff)'
