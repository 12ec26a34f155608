"""Content-Transfer-Encoding undone (RFC 2045 §6), and parts as text; tolerant, since mail is."""

import binascii
import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

from .charset import clean, codec_name, decode

_NOT_BASE64 = re.sub(rb"[A-Za-z0-9+/=]", b"", bytes(range(256)))
_PADDED = re.compile(rb"=[A-Za-z0-9+/]")
_UNCLOSED_QP = re.compile(rb"=[0-9A-Fa-f]?[ \t]*\r?\Z|=[ \t]+\Z|[ \t]+\r?\Z")
_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} [^\n]*\n", re.MULTILINE)


class TransferDecoder(Protocol):
    """Undoes an encoding chunk by chunk, keeping some octets of a line between two of them at the most."""

    def decode(self, chunk: bytes) -> bytes:
        """What is certain once the next octets are known."""

    def finish(self) -> bytes:
        """What the end makes certain."""


def transfer_decoder(encoding: str) -> TransferDecoder | None:
    """A decoder for an encoding of RFC 2045 §6.1; None for any other."""
    make = _DECODERS.get(encoding.upper())
    return None if make is None else make()


def decode_transfer(data: bytes, encoding: str) -> bytes:
    """The octets that `data` encodes; an unknown encoding is taken for none, as are octets outside an alphabet."""
    return b"".join(decode_transfer_in_chunks((data,), encoding))


def decode_transfer_in_chunks(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """`decode_transfer`, of a part that is never held whole."""
    decoder = transfer_decoder(encoding)
    if decoder is not None:
        return _decoded(decoder, chunks)
    if encoding.upper() in _UU_ENCODINGS:
        return iter((_decode_uu(b"".join(chunks)),))
    return iter(chunks)


def _decoded(decoder: TransferDecoder, chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        yield decoder.decode(chunk)
    yield decoder.finish()


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


class _Identity:
    """7BIT, 8BIT and BINARY encode nothing."""

    __slots__ = ()

    def decode(self, chunk: bytes) -> bytes:
        return chunk

    def finish(self) -> bytes:
        return b""


class _Base64Decoder:
    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def decode(self, chunk: bytes) -> bytes:
        digits = self._rest + chunk.translate(None, _NOT_BASE64)
        whole = len(digits) - len(digits) % 4
        self._rest = digits[whole:]
        return _decode_base64_digits(digits[:whole])

    def finish(self) -> bytes:
        rest = self._rest.rstrip(b"=")
        return _decode_base64_digits(rest + b"=" * (-len(rest) % 4)) if len(rest) > 1 else b""


class _QuotedPrintableDecoder:
    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def decode(self, chunk: bytes) -> bytes:
        data = self._rest + chunk
        # An escape, a soft line break or white space that the next chunk may turn out to end a line is kept back,
        # if it is short; one of great length is no such thing.
        cut = _UNCLOSED_QP.search(data, max(0, len(data) - 80))
        end = cut.start() if cut else len(data)
        self._rest = data[end:]
        return binascii.a2b_qp(data[:end])

    def finish(self) -> bytes:
        return binascii.a2b_qp(self._rest)


_DECODERS: Final[dict[str, Callable[[], TransferDecoder]]] = {
    "7BIT": _Identity,
    "8BIT": _Identity,
    "BINARY": _Identity,
    "BASE64": _Base64Decoder,
    "QUOTED-PRINTABLE": _QuotedPrintableDecoder,
}
_UU_ENCODINGS: Final = frozenset({"X-UUENCODE", "UUENCODE", "X-UUE", "UUE"})


def _decode_base64_digits(digits: bytes) -> bytes:
    """Padding in the middle is where two encoded texts were put one after the other: each is decoded."""
    if not _PADDED.search(digits):
        digits = digits.rstrip(b"=")
        usable = digits if len(digits) % 4 != 1 else digits[:-1]
        return binascii.a2b_base64(usable + b"=" * (-len(usable) % 4))
    return b"".join(_decode_base64_digits(run) for run in re.split(rb"=+", digits))


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
