import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.sasl import Failed, FailureReason, decode_initial_response, decode_response, encode_challenge

NOT_BASE64 = Failed(FailureReason.NOT_BASE64)
LINES: list[tuple[bytes, bytes | Failed]] = [
    (b"AGFsaWNlAHNlY3JldA==", b"\x00alice\x00secret"),
    (b"QQ==", b"A"),
    (b"QUI=", b"AB"),
    (b"QUJD", b"ABC"),
    (b"!!!", NOT_BASE64),
    (b"QQ", NOT_BASE64),
    (b"QQ=", NOT_BASE64),
    (b"QQ===", NOT_BASE64),
    (b"==", NOT_BASE64),
    (b"QUJD=", NOT_BASE64),
    (b"QUJD====", NOT_BASE64),
    (b"QQ==QQ==", NOT_BASE64),
    (b"QU JD", NOT_BASE64),
    (b" QUJD", NOT_BASE64),
    (b"QUJD\r", NOT_BASE64),
    (b"QUJD\n", NOT_BASE64),
    (b"_-_-", NOT_BASE64),
    (b"\xff\xff\xff\xff", NOT_BASE64),
    (b"**", NOT_BASE64),
]


@pytest.mark.parametrize(("line", "expected"), [*LINES, (b"", b""), (b"*", Failed(FailureReason.ABORTED))])
def test_response(line: bytes, expected: bytes | Failed) -> None:
    assert decode_response(line) == expected


@pytest.mark.parametrize(("line", "expected"), [*LINES, (b"=", b""), (b"", NOT_BASE64), (b"*", NOT_BASE64)])
def test_initial_response(line: bytes, expected: bytes | Failed) -> None:
    assert decode_initial_response(line) == expected


def test_lines_have_a_limit() -> None:
    assert decode_response(b"QUJD" * 3072) == b"ABC" * 3072
    assert decode_response(b"QUJD" * 3073) == Failed(FailureReason.TOO_LONG)
    assert decode_response(b"QUJD", max_octets=3) == Failed(FailureReason.TOO_LONG)
    assert decode_initial_response(b"QUJD", max_octets=3) == Failed(FailureReason.TOO_LONG)


@given(st.binary())
def test_challenge_is_one_line_that_leads_back_to_it(data: bytes) -> None:
    line = encode_challenge(data)
    assert b"\n" not in line
    assert decode_response(line) == data


@given(st.one_of(st.binary(), st.text("QUJD=*+/ ").map(str.encode)))
def test_any_line_is_octets_or_a_failure(line: bytes) -> None:
    assert isinstance(decode_response(line), bytes | Failed)
