"""Characters by their codes (RFC 5228 §2.4.2.4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.sieve.encodedcharacter import EncodedCharacterInvalid, decode_characters


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("$${hex:40}", "$@"),
        ("${hex: 40 }", "@"),
        ("${HEX: 40}", "@"),
        ("${hex:40", "${hex:40"),
        ("${hex:400}", "${hex:400}"),
        ("${hex:4${hex:30}}", "${hex:40}"),  # what comes out is not looked at again
        ("${unicode:40}", "@"),
        ("${ unicode:40}", "${ unicode:40}"),
        ("${UNICODE:40}", "@"),
        ("${UnICoDE:0000040}", "@"),
        ("${Unicode:40}", "@"),
        ("${Unicode:Cool}", "${Unicode:Cool}"),
        ("$${hex:24 24}", "$$$"),
        ("${hex:}", "${hex:}"),
        ("${hex: \r\n4\t0}", "\x04\x00"),
        ("${hex:c3 a9}", "é"),
        ("${hex:c3}${hex:a9}", "é"),
        ("${hex:ff}", "\ufffd"),
        ("${unicode:1F600 20 00e9}", "\U0001f600 é"),
        ("${unicode:" + "0" * 5000 + "40}", "@"),
        ("${unicode:0}", "\0"),
    ],
)
def test_codes(text: str, decoded: str) -> None:
    assert decode_characters(text) == decoded


@pytest.mark.parametrize(
    "text", ["${unicode:200000}", "${Unicode:DF01}", "${unicode:d800}", "${unicode:" + "f" * 6000 + "}"]
)
def test_codes_of_no_character(text: str) -> None:
    with pytest.raises(EncodedCharacterInvalid, match="there is no character U"):
        decode_characters(text)


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_can_be_written_in_codes(text: str) -> None:
    assert decode_characters("".join(f"${{unicode:{ord(char):x}}}" for char in text)) == text
    assert decode_characters("${hex:" + text.encode().hex(" ") + "}" if text else "") == text
