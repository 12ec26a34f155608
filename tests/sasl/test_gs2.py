import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.sasl import Failed, FailureReason
from angarium.sasl.gs2 import BindingFlag, Gs2Header, escape_name, serialize_header, split_header, unescape_name

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=20)
HEADERS = st.builds(
    Gs2Header, st.sampled_from([BindingFlag.NONE, BindingFlag.NOT_ANNOUNCED]), authzid=st.none() | NAMES
)
BOUND = st.builds(Gs2Header, st.just(BindingFlag.USED), st.from_regex("[A-Za-z0-9.-]+", fullmatch=True), NAMES)


@given(HEADERS | BOUND, st.binary(max_size=20))
def test_headers_are_read_as_they_were_written(header: Gs2Header, rest: bytes) -> None:
    octets = serialize_header(header)
    assert split_header(octets + rest) == (header, len(octets))


@given(NAMES)
def test_names_are_read_as_they_were_written(name: str) -> None:
    assert unescape_name(escape_name(name).encode()) == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"a=2Cb=3D", "a,b="),
        (b"=3D2C", "=2C"),
        (b"", Failed(FailureReason.MALFORMED)),
        (b"a,b", Failed(FailureReason.MALFORMED)),
        (b"a=", Failed(FailureReason.MALFORMED)),
        (b"a=2", Failed(FailureReason.MALFORMED)),
        (b"a=2c", Failed(FailureReason.MALFORMED)),
    ],
)
def test_names(name: bytes, expected: str | Failed) -> None:
    assert unescape_name(name) == expected


@given(st.binary(max_size=30))
def test_any_octets_have_a_header_or_not(octets: bytes) -> None:
    split = split_header(octets)
    assert isinstance(split, Failed) or split[1] <= len(octets)
