import codecs
import subprocess
import sys

import pytest

from angarium.mime.charset import _CODECS, CHARSETS, clean, codec_name, decode


@pytest.mark.parametrize("charset", CHARSETS)
def test_every_charset_that_is_told_is_known(charset: str) -> None:
    assert codec_name(charset) is not None


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


def test_no_codec_is_imported_once_all_are_loaded() -> None:
    """A worker that gave up its rights may not be able to read Python's own library."""
    program = """
import sys
from angarium.mime import charset, load_codecs
from angarium.names import modutf7
load_codecs()
sys.path.clear()
sys.path_importer_cache.clear()
for codec in sorted(set(charset._CODECS.values())):
    b"a".decode(codec, "replace")
assert modutf7.decode(b"Gr&APwA3w-e") == "Gr\\u00fc\\u00dfe"
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
