import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.sasl import Failed, FailureReason
from angarium.sasl.digestdirectives import Directives, once, parse_directives, serialize_directives

TOKENS = st.from_regex("[a-z0-9-]+", fullmatch=True)
QUOTED = st.binary(max_size=20).filter(lambda value: b"\0" not in value)
DIRECTIVES = st.lists(
    st.tuples(TOKENS, QUOTED, st.just(True)) | st.tuples(TOKENS, TOKENS.map(str.encode), st.just(False)), max_size=6
)


@given(DIRECTIVES)
def test_directives_are_read_as_they_were_written(directives: list[tuple[str, bytes, bool]]) -> None:
    expected: Directives = {}
    for name, value, _ in directives:
        expected.setdefault(name, []).append(value)
    assert parse_directives(serialize_directives(directives)) == expected


@given(st.binary(max_size=40))
def test_any_octets_are_directives_or_not(octets: bytes) -> None:
    assert isinstance(parse_directives(octets), dict | Failed)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"", {}),
        (b" ,, ,", {}),
        (b"a=b", {"a": [b"b"]}),
        (b'A = b ,, c= "d,e"\r\n', {"a": [b"b"], "c": [b"d,e"]}),
        (b'a="b\\"\\\\",a=c', {"a": [b'b"\\', b"c"]}),
        (b'a=""', {"a": [b""]}),
        (b"a=", None),
        (b"a", None),
        (b"=b", None),
        (b'a="b', None),
        (b'a="b\\"', None),
        (b'a="b"c', None),
        (b"a=b c", None),
        (b"a=b;c=d", None),
        (b'a="\0"', None),
    ],
)
def test_messages(message: bytes, expected: Directives | None) -> None:
    assert parse_directives(message) == (expected if expected is not None else Failed(FailureReason.MALFORMED))


def test_one_value_is_one_value() -> None:
    directives = {"a": [b"1"], "b": [b"1", b"1"]}
    assert once(directives, "a") == b"1"
    assert once(directives, "c", b"2") == b"2"
    for name in ("b", "c"):
        assert once(directives, name) == Failed(FailureReason.MALFORMED)
