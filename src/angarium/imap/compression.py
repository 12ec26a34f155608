"""COMPRESS=DEFLATE (RFC 4978): raw deflate streams in both directions, above TLS.

What a client sends is inflated in pieces, and only when the parser has used up the one before, so that a few octets
which stand for very many cost time in turns and never memory. A piece never reaches over the end of a flushed block:
where UNAUTHENTICATE ends the compression (RFC 8437 §4.1), what follows it is still there as it was sent.
"""

import zlib
from typing import Final

_PIECE_OCTETS: Final = 16_384
_FLUSHED: Final = b"\x00\x00\xff\xff"
"""The end of an empty stored block, with which Z_SYNC_FLUSH and Z_FULL_FLUSH end; by chance elsewhere, too."""

_EMPTY_LAST_BLOCK: Final = b"\x03\x00"
"""With which a client ends its stream that has flushed before; no command begins like that."""

_LEVEL: Final = 3
"""Takes 8 ns for each octet of usual answers, as level 1 does, and leaves a seventh of them."""
_WINDOW_BITS: Final = -13
_MEMORY_LEVEL: Final = 6
"""With 8 KB of history 70 KB of memory; 32 KB take 270, and leave no less of IMAP's answers."""


class CompressionBroken(Exception):
    """What the client sends is no deflate stream, or goes on behind the stream's end."""


class Inflater:
    """What a client sends."""

    __slots__ = ("_is_full", "_rest", "_stream", "_waiting")

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(-zlib.MAX_WBITS)  # the client chooses how far it refers back
        self._waiting = bytearray()
        """Not given to the stream yet."""
        self._rest = b""
        """What the stream has not taken."""
        self._is_full = False
        """The stream may have more to give without being given anything."""

    def receive(self, data: bytes) -> None:
        """Takes octets as they came; call `next_piece` until it gives nothing before giving more."""
        self._waiting += data

    def next_piece(self) -> bytes:
        """Some of what they stand for; empty where more are needed. CompressionBroken."""
        while not self._stream.eof and (self._is_full or self._rest or self._waiting):
            taken = self._rest
            if not taken and not self._is_full:
                taken = self._take_block()
            try:
                piece = self._stream.decompress(taken, _PIECE_OCTETS)
            except zlib.error as error:
                raise CompressionBroken from error
            self._rest = self._stream.unconsumed_tail
            self._is_full = len(piece) == _PIECE_OCTETS
            if piece:
                return piece
        if self._stream.unused_data or (self._stream.eof and self._waiting):
            raise CompressionBroken
        return b""

    def _take_block(self) -> bytes:
        end = self._waiting.find(_FLUSHED)
        taken = bytes(self._waiting if end < 0 else self._waiting[: end + len(_FLUSHED)])
        del self._waiting[: len(taken)]
        return taken

    def end(self) -> bytes:
        """The compression is over: the octets that have come behind it."""
        left = self._stream.unused_data + self._rest + bytes(self._waiting)
        return left if self._stream.eof else left.removeprefix(_EMPTY_LAST_BLOCK)


class Deflater:
    """What a client is sent. Between two answers the memory of the stream can be given back."""

    __slots__ = ("_stream",)

    def __init__(self) -> None:
        self._stream: zlib._Compress | None = None

    def deflate(self, data: bytes) -> bytes:
        """The octets that stand for these, all of them (RFC 4978 §3 has no other sign that an answer is whole)."""
        if self._stream is None:
            self._stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW_BITS, _MEMORY_LEVEL)
        return self._stream.compress(data) + self._stream.flush(zlib.Z_SYNC_FLUSH)

    @property
    def holds_memory(self) -> bool:
        """Whether there is a stream, with what was sent before."""
        return self._stream is not None

    def rest(self) -> None:
        """Forget what was sent: the next answer does not refer to it, which a raw stream leaves open."""
        self._stream = None

    def end(self) -> bytes:
        """The octets that end the stream."""
        stream = self._stream or zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW_BITS, _MEMORY_LEVEL)
        self._stream = None
        return stream.flush(zlib.Z_FINISH)
