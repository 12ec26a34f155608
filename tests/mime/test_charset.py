import codecs

import pytest

from angarium.mime.charset import _CODECS, clean, codec_name, decode


@pytest.mark.parametrize(
    ("charset", "codec"),
    [
        ("UTF-8", "utf_8"),
        ('"utf8"', "utf_8"),
        ("ISO-8859-1", "cp1252"),
        ("iso_8859-15", "iso8859_15"),
        ("Windows-1251", "cp1251"),
        ("KOI8-R", "koi8_r"),
        ("GB2312", "gb18030"),
        ("Shift_JIS", "cp932"),
        ("us-ascii", "ascii"),
        ("zlib", None),
        ("rot13", None),
        ("base64", None),
        ("../x", None),
        ("", None),
    ],
)
def test_charsets_by_their_names(charset: str, codec: str | None) -> None:
    assert codec_name(charset) == codec


def test_every_codec_of_the_table_is_there_and_decodes_to_text() -> None:
    for codec in set(_CODECS.values()):
        assert isinstance(codecs.lookup(codec).incrementaldecoder, type)
        assert isinstance(decode(b"abcd", codec), str)


def test_octets_that_a_charset_lacks_are_replaced_or_guessed() -> None:
    assert decode(b"\xff", "utf-8") == "\ufffd"
    assert decode(b"\xe9", "us-ascii") == "é"
    assert decode("é".encode(), "nowhere") == "é"
    assert clean("a\0\ud800") == "a?"
