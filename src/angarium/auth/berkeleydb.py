"""Reads the pairs of a hash database of Berkeley DB, version 3 to 18 (hash format 7 to 10), such as /etc/sasldb2.

The file is pages of one size. The first is the meta page: who made it, and the size. A page of a bucket, or of what has
overflowed from it, has a header, a table of offsets, and items from its end downwards: key, value, key, value. An item
is plain, or names a chain of pages that hold it. All pairs are wanted, so buckets are not sought; every page of the
right kind is read. Nothing is written: that would take the library, its locks and its log.
"""

import struct
from collections.abc import Iterator
from typing import Final

_MAGIC: Final = 0x061561
_VERSIONS: Final = range(7, 11)
_META_OCTETS: Final = 72
_HEADER_OCTETS: Final = 26
_PAGE_OCTETS: Final = frozenset(512 << power for power in range(8))

_HASH_PAGES: Final = frozenset({2, 13})
"""Unsorted, and sorted by key."""
_OVERFLOW_PAGE: Final = 7
_PLAIN_ITEM: Final = 1
_OFF_PAGE_ITEM: Final = 3

VALUE_OCTETS_MAX: Final = 64 * 1024


class NotBerkeleyDb(ValueError):
    """The octets are no such database, or a damaged one."""


def parse_berkeley_db(octets: bytes) -> Iterator[tuple[bytes, bytes]]:
    """All pairs, in no order. NotBerkeleyDb, also after some of them."""
    return _Database(octets).pairs()


class _Database:
    def __init__(self, octets: bytes) -> None:
        if len(octets) < _META_OCTETS:
            raise NotBerkeleyDb("it is shorter than a database of Berkeley DB")
        self._octets = octets
        magic = octets[12:16]
        if int.from_bytes(magic, "little") == _MAGIC:
            self._order = "<"
        elif int.from_bytes(magic, "big") == _MAGIC:
            self._order = ">"
        else:
            raise NotBerkeleyDb("it is no hash database of Berkeley DB")
        version, self._page_octets = self._numbers("II", 16)
        is_encrypted, has_checksums = octets[24], octets[26] & 1
        if version not in _VERSIONS or is_encrypted or has_checksums:
            raise NotBerkeleyDb("it is a database of Berkeley DB in a form that is not read")
        if self._page_octets not in _PAGE_OCTETS or len(octets) % self._page_octets:
            raise NotBerkeleyDb("it is damaged, or being written")

    def pairs(self) -> Iterator[tuple[bytes, bytes]]:
        for page in range(1, len(self._octets) // self._page_octets):
            if self._octets[page * self._page_octets + 25] in _HASH_PAGES:
                yield from self._pairs_of(page)

    def _pairs_of(self, page: int) -> Iterator[tuple[bytes, bytes]]:
        begin = page * self._page_octets
        (count,) = self._numbers("H", begin + 20)
        if count % 2 or _HEADER_OCTETS + 2 * count > self._page_octets:
            raise NotBerkeleyDb("a page has a wrong number of items")
        offsets = self._numbers(f"{count}H", begin + _HEADER_OCTETS)
        ends = (self._page_octets, *offsets[:-1])
        items = []
        for offset, end in zip(offsets, ends, strict=False):
            if not _HEADER_OCTETS + 2 * count <= offset < end:
                raise NotBerkeleyDb("an item is outside of its page")
            items.append(self._octets[begin + offset : begin + end])
        for key, value in zip(items[::2], items[1::2], strict=True):
            yield self._whole(key), self._whole(value)

    def _whole(self, item: bytes) -> bytes:
        if item[0] == _PLAIN_ITEM:
            return item[1:]
        if item[0] != _OFF_PAGE_ITEM or len(item) != 12:
            raise NotBerkeleyDb("an item is of a kind that has no place there")
        page, octets = struct.unpack_from(f"{self._order}II", item, 4)
        if octets > VALUE_OCTETS_MAX:
            raise NotBerkeleyDb("an item is too long")
        return self._chain(page, octets)

    def _chain(self, page: int, octets: int) -> bytes:
        found = bytearray()
        while len(found) < octets:
            begin = page * self._page_octets
            if not 0 < begin < len(self._octets) or self._octets[begin + 25] != _OVERFLOW_PAGE:
                raise NotBerkeleyDb("a chain of pages is broken")
            (page,) = self._numbers("I", begin + 16)
            (length,) = self._numbers("H", begin + 22)
            if not 0 < length <= self._page_octets - _HEADER_OCTETS:
                raise NotBerkeleyDb("a chain of pages is broken")
            found += self._octets[begin + _HEADER_OCTETS : begin + _HEADER_OCTETS + length]
        return bytes(found[:octets])

    def _numbers(self, form: str, offset: int) -> tuple[int, ...]:
        return struct.unpack_from(self._order + form, self._octets, offset)
