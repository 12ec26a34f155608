import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.mime.encodedword import decode_header, unfold


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"plain", "plain"),
        (b" folded\r\n on\n\ttwo \r\n", "folded on\ttwo"),
        (b"=?utf-8?q?caf=C3=A9?=", "café"),
        (b"=?UTF-8?Q?a_b?= c", "a b c"),
        (b"a =?utf-8?q?b?= c", "a b c"),
        (b"=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        (b"=?utf-8?q?a?=\r\n =?iso-8859-1?q?=E9?=", "aé"),
        (b"=?utf-8?b?w6k=?=", "é"),
        (b"=?utf-8?b?w6k?=", "é"),
        (b"=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "é"),
        (b"=?utf-8*de?q?ja?=", "ja"),
        (b"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"),
        (b"=?x-nowhere?q?a=C3=A9?=", "aé"),
        (b"=?zlib?q?abc?=", "abc"),
        (b"=?utf-8?x?a?=", "=?utf-8?x?a?="),
        (b"=?utf-8?q?a", "=?utf-8?q?a"),
        (b"caf\xc3\xa9", "café"),
        (b"caf\xe9", "café"),
        (b"nu\0l", "nul"),
        (b"=?utf-8?q?a=00b?=", "ab"),
        (b"=?utf-7?q?+2AA-?=", "?"),
    ],
)  # fmt: skip
def test_header_text(value: bytes, text: str) -> None:
    assert decode_header(value) == text


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40), st.integers(1, 7))
def test_text_split_between_words_at_any_octet_is_joined(text: str, size: int) -> None:
    octets = text.encode()
    words = [
        b"=?utf-8?b?" + base64.b64encode(octets[start : start + size]) + b"?=" for start in range(0, len(octets), size)
    ]
    assert decode_header(b"\r\n ".join(words)) == text


@given(st.one_of(st.binary(max_size=60), st.text(alphabet="=?utf-8?bq?AZ09 _\r\n", max_size=60).map(str.encode)))
def test_any_octets_give_clean_text(value: bytes) -> None:
    text = decode_header(value)
    assert "\0" not in text
    text.encode()
    assert b"\n" not in unfold(value)
