import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.auth.sasldbfile import ENTRIES, SASLDB

from angarium.auth.berkeleydb import NotBerkeleyDb, parse_berkeley_db

PAGE = 4096
PAIRS = {(*map(str.encode, key), value.encode()) for key, value in ENTRIES.items()}


def pairs(octets: bytes) -> set[tuple[bytes, ...]]:
    return {(*key.split(b"\0")[:2], value) for key, value in parse_berkeley_db(octets)}


def changed(offset: int, octets: bytes) -> bytes:
    return SASLDB[:offset] + octets + SASLDB[offset + len(octets) :]


def page_of(kind: int) -> int:
    """The number of the first page of a kind that has something."""
    return next(
        page
        for page in range(1, len(SASLDB) // PAGE)
        if SASLDB[page * PAGE + 25] == kind and SASLDB[page * PAGE + 20 : page * PAGE + 22] != b"\0\0"
    )


def big_endian(octets: bytes) -> bytes:
    """The same database as another machine would write it."""
    pages = []
    for begin in range(0, len(octets), PAGE):
        page = bytearray(octets[begin : begin + PAGE])
        kind, count = page[25], struct.unpack_from("<H", page, 20)[0]
        numbers = [("I", offset) for offset in (8, 12, 16)] + [("H", 20), ("H", 22)]
        if begin == 0:
            numbers = [("I", offset) for offset in (8, 12, 16, 20)]
        elif kind in (2, 13):
            numbers += [("H", 26 + 2 * number) for number in range(count)]
            for number in range(count):
                (place,) = struct.unpack_from("<H", page, 26 + 2 * number)
                if page[place] == 3:
                    numbers += [("I", place + 4), ("I", place + 8)]
        for form, offset in numbers:
            struct.pack_into(">" + form, page, offset, *struct.unpack_from("<" + form, page, offset))
        pages.append(bytes(page))
    return b"".join(pages)


def test_all_pairs_are_found_long_ones_too() -> None:
    assert pairs(SASLDB) == PAIRS


def test_a_machine_of_the_other_order_of_octets_is_understood() -> None:
    assert pairs(big_endian(SASLDB)) == PAIRS


def test_what_was_put_on_the_free_list_is_not_read() -> None:
    page = page_of(13)
    assert pairs(changed(page * PAGE + 25, b"\0")) < PAIRS


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\0" * 4096,
        SASLDB[:71],
        SASLDB[:-1],
        changed(16, b"\x06"),
        changed(20, b"\x01\x10"),
        changed(20, b"\0\0\0\0"),
        changed(24, b"\1"),
        changed(26, b"\1"),
        changed(page_of(13) * PAGE + 20, b"\x03\x00"),
        changed(page_of(13) * PAGE + 20, b"\xfe\xff"),
        changed(page_of(13) * PAGE + 26, b"\xff\xff"),
        changed(page_of(13) * PAGE + 28, b"\0\0"),
        changed(page_of(7) * PAGE + 22, b"\0\0"),
        changed(page_of(7) * PAGE + 22, b"\xff\xff"),
        changed(page_of(7) * PAGE + 25, b"\0"),
        # The chain ends, or goes round, before the item is whole.
        changed(page_of(7) * PAGE + 22, b"\1\0"),
    ],
)
def test_a_damaged_or_other_file_is_refused(octets: bytes) -> None:
    with pytest.raises(NotBerkeleyDb):
        pairs(octets)


def only_its_own_error(parse: Callable[[], object]) -> None:
    try:
        parse()
    except NotBerkeleyDb:
        return


@given(st.binary(max_size=300))
def test_any_octets_raise_nothing_else(octets: bytes) -> None:
    only_its_own_error(lambda: pairs(octets))


@given(st.integers(0, len(SASLDB) - 4), st.binary(min_size=1, max_size=4))
def test_any_damage_raises_nothing_else(offset: int, octets: bytes) -> None:
    only_its_own_error(lambda: list(parse_berkeley_db(changed(offset, octets))))
