"""Character sets by the names that mail gives them, and decoding that never fails.

Only codecs of this table are used: a name from a message must neither import a module nor reach a codec that is no
character set (`zlib`, `rot13`), and Python remembers every unknown name it was asked for.
"""

import codecs
from encodings.aliases import aliases

_NOT_FOR_MAIL = frozenset(
    {"base64_codec", "bz2_codec", "hex_codec", "mbcs", "quopri_codec", "rot_13", "tactis", "uu_codec", "zlib_codec"}
)

# What is labelled as the narrower set is often written in the wider one, as browsers know too; the wider one decodes
# all that the narrower does, except for control characters that nobody means.
_WIDENED = {
    "latin_1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "iso8859_9": "cp1254",
    "tis_620": "cp874",
}

_EXTRA = {
    "unicode_1_1_utf_7": "utf_7",
    "x_gbk": "gb18030",
    "x_sjis": "cp932",
    "x_windows_949": "cp949",
    "windows_874": "cp874",
    "cp_850": "cp850",
    "ansi": "cp1252",
    "iso_8859_8_i": "iso8859_8",
    "iso_8859_8_e": "iso8859_8",
    "big5_hkscs": "big5hkscs",
    "utf_8_sig": "utf_8",
    "x_mac_roman": "mac_roman",
}


def _table() -> dict[str, str]:
    table = {alias: codec for alias, codec in aliases.items() if codec not in _NOT_FOR_MAIL}
    table.update({codec: codec for codec in set(table.values())})
    table["cp874"] = "cp874"
    table["koi8_u"] = "koi8_u"
    table.update(_EXTRA)
    table = {name: _WIDENED.get(codec, codec) for name, codec in table.items()}
    # With dashes is how mail writes most of them, so that most are found as they stand.
    return {name.replace("_", "-"): codec for name, codec in table.items()} | table


_CODECS = _table()

_TOLD = (
    "US-ASCII UTF-8 ISO-8859-1 ISO-8859-2 ISO-8859-3 ISO-8859-4 ISO-8859-5 ISO-8859-6 ISO-8859-7 ISO-8859-8"
    " ISO-8859-9 ISO-8859-10 ISO-8859-11 ISO-8859-13 ISO-8859-14 ISO-8859-15 ISO-8859-16 windows-1250 windows-1251"
    " windows-1252 windows-1253 windows-1254 windows-1255 windows-1256 windows-1257 windows-1258 KOI8-R KOI8-U"
    " GB2312 GBK GB18030 HZ-GB-2312 Big5 Big5-HKSCS EUC-JP ISO-2022-JP Shift_JIS EUC-KR ISO-2022-KR TIS-620"
    " macintosh IBM437 IBM850 IBM852 IBM866 UTF-7 UTF-16 UTF-16BE UTF-16LE UTF-32"
)
CHARSETS = tuple(_TOLD.split())
"""What mail is written in, by the names that mail has for it; many other names are known too."""


def load_codecs() -> None:
    """Import all of them, which Python does at the first use of each: a process that gives up rights may not be able to
    read its own library any more."""
    for codec in set(_CODECS.values()):
        codecs.lookup(codec)


def codec_name(charset: str) -> str | None:
    """The codec for a charset's name, in any case and with `-`, `_`, `.`, ` ` alike; None where it is unknown."""
    codec = _CODECS.get(charset)
    if codec is not None:
        return codec
    name = charset.strip().strip("'\"").lower()
    for separator in "-. ":
        name = name.replace(separator, "_")
    return _CODECS.get(name)


def decode(data: bytes, charset: str) -> str:
    """`data` as text without NUL or lone surrogates; an unknown charset, or octets it has not, are guessed at."""
    codec = codec_name(charset)
    if codec is None or codec == "ascii":
        return decode_unlabelled(data)
    try:
        text = data.decode(codec, "replace")
    except (UnicodeError, ValueError):  # a stateful codec may refuse what it cannot replace
        return decode_unlabelled(data)
    return clean(text)


def decode_unlabelled(data: bytes) -> str:
    """Raw octets as UTF-8 where they are that, else as Windows-1252."""
    try:
        return clean(data.decode())
    except UnicodeDecodeError:
        return clean(data.decode("cp1252", "replace"))


def clean(text: str) -> str:
    """`text` without NUL; lone surrogates, which UTF-7 can make and no file or socket takes, become `?`."""
    if "\0" in text:
        text = text.replace("\0", "")
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode("utf-8")
