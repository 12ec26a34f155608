import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.sasl import MAX_IDENTITY_OCTETS, CredentialsWanted, Failed, FailureReason
from angarium.sasl.exchange import decode_text


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", ""),
        (b"tim", "tim"),
        ("日本".encode(), "日本"),
        (b"x" * MAX_IDENTITY_OCTETS, "x" * MAX_IDENTITY_OCTETS),
        (b"x" * (MAX_IDENTITY_OCTETS + 1), Failed(FailureReason.TOO_LONG)),
        (b"a\x00", Failed(FailureReason.NUL)),
        (b"\xff", Failed(FailureReason.NOT_UTF8)),
        (b"\xc0\x80", Failed(FailureReason.NOT_UTF8)),
        (b"\xed\xa0\x80", Failed(FailureReason.NOT_UTF8)),
    ],
)
def test_text_is_utf_8_without_nul(data: bytes, expected: str | Failed) -> None:
    assert decode_text(data) == expected


@given(st.binary())
def test_any_octets_are_text_or_a_failure(data: bytes) -> None:
    text = decode_text(data)
    assert isinstance(text, Failed) or text.encode() == data


def test_password_is_not_printed() -> None:
    assert "tanstaaftanstaaf" not in repr(CredentialsWanted("tim", "tanstaaftanstaaf"))
