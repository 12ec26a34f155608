"""Content-Transfer-Encoding undone (RFC 2045 §6), and parts as text; tolerant, since mail is."""

import binascii
import codecs
import re
from collections.abc import Iterable, Iterator

from .charset import clean, codec_name, decode

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")
_PADDED = re.compile(rb"=[A-Za-z0-9+/]")
_UNCLOSED_QP = re.compile(rb"=[0-9A-Fa-f]?[ \t]*\r?\Z|=[ \t]+\Z|[ \t]+\r?\Z")
_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} [^\n]*\n", re.MULTILINE)


def decode_transfer(data: bytes, encoding: str) -> bytes:
    """The octets that `data` encodes; an unknown encoding is taken for none, as are octets outside an alphabet."""
    return b"".join(decode_transfer_in_chunks((data,), encoding))


def decode_transfer_in_chunks(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """`decode_transfer`, of a part that is never held whole."""
    match encoding.upper():
        case "BASE64":
            return _decode_base64(chunks)
        case "QUOTED-PRINTABLE":
            return _decode_quoted_printable(chunks)
        case "X-UUENCODE" | "UUENCODE" | "X-UUE" | "UUE":
            return iter((_decode_uu(b"".join(chunks)),))
        case _:
            return iter(chunks)


def decode_text(data: bytes, encoding: str, charset: str) -> str:
    """A part's body as text."""
    return decode(decode_transfer(data, encoding), charset)


def decode_text_in_chunks(chunks: Iterable[bytes], encoding: str, charset: str) -> Iterator[str]:
    """A part's body as pieces of text, characters whole; an unlabelled 8-bit text is read as UTF-8."""
    codec = codec_name(charset)
    decoder = codecs.getincrementaldecoder("utf_8" if codec in (None, "ascii") else codec)("replace")
    try:
        for octets in decode_transfer_in_chunks(chunks, encoding):
            text = decoder.decode(octets)
            if text:
                yield clean(text)
        yield clean(decoder.decode(b"", final=True))
    except (UnicodeError, ValueError):  # a stateful codec gave up: what was read is all there is
        return


def _decode_base64(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        digits = rest + _NOT_BASE64.sub(b"", chunk)
        whole = len(digits) - len(digits) % 4
        rest = digits[whole:]
        yield _decode_base64_digits(digits[:whole])
    rest = rest.rstrip(b"=")
    if len(rest) > 1:
        yield _decode_base64_digits(rest + b"=" * (-len(rest) % 4))


def _decode_base64_digits(digits: bytes) -> bytes:
    """Padding in the middle is where two encoded texts were put one after the other: each is decoded."""
    if not _PADDED.search(digits):
        digits = digits.rstrip(b"=")
        usable = digits if len(digits) % 4 != 1 else digits[:-1]
        return binascii.a2b_base64(usable + b"=" * (-len(usable) % 4))
    return b"".join(_decode_base64_digits(run) for run in re.split(rb"=+", digits))


def _decode_quoted_printable(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        data = rest + chunk
        # An escape, a soft line break or white space that the next chunk may turn out to end a line is kept back,
        # if it is short; one of great length is no such thing.
        cut = _UNCLOSED_QP.search(data, max(0, len(data) - 80))
        end = cut.start() if cut else len(data)
        rest = data[end:]
        yield binascii.a2b_qp(data[:end])
    if rest:
        yield binascii.a2b_qp(rest)


def _decode_uu(data: bytes) -> bytes:
    begin = _UU_BEGIN.search(data)
    if begin is None:
        return data
    lines = []
    for line in data[begin.end() :].split(b"\n"):
        line = line.rstrip(b"\r")
        if line == b"end":
            break
        lines.append(_decode_uu_line(line))
    return b"".join(lines)


def _decode_uu_line(line: bytes) -> bytes:
    if not line:
        return b""
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        # Some encoders pad with what does not decode: cut to the length that the line names.
        octets = (((line[0] - 32) & 63) * 4 + 5) // 3
        try:
            return binascii.a2b_uu(line[:octets])
        except binascii.Error:
            return b""
