"""Watching headers go by."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.errors import MessageInvalid
from angarium.operations.messages.headerblock import HeaderWatcher

HEADER = b"Subject: one\r\n two\r\nDate: now\r\nX-Long: " + b"x" * 3000 + b"\r\n"
MESSAGE = HEADER + b"\r\nbody\r\n\r\nmore\r\n"


def fed(data: bytes, cuts: list[int]) -> tuple[HeaderWatcher, int | None]:
    """A watcher that was fed `data` in pieces, and where it found the end."""
    watcher = HeaderWatcher(envelope_line=False)
    bounds = [0, *sorted({cut for cut in cuts if 0 < cut < len(data) and data[cut - 1 : cut] != b"\r"}), len(data)]
    for start, end in pairwise(bounds):
        found = watcher.feed(data[start:end])
        if found is not None:
            return watcher, start + found
    return watcher, None


@given(st.lists(st.integers(1, len(MESSAGE) - 1), max_size=20))
def test_where_it_is_cut_makes_no_difference(cuts: list[int]) -> None:
    watcher, end = fed(MESSAGE, cuts)
    assert end == len(HEADER)
    assert watcher.ended
    assert watcher.has(b"subject")
    assert watcher.has(b"x-long")
    assert not watcher.has(b"message-id")


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
def test_any_octets_raise_nothing_but_a_refusal(data: bytes, cuts: list[int]) -> None:
    try:
        watcher, _ = fed(data, cuts)
        watcher.finish()
    except MessageInvalid:
        pass


def test_only_the_beginning_of_a_long_line_is_kept() -> None:
    watcher = HeaderWatcher(envelope_line=False)
    watcher.feed(b"Subject: ")
    for _ in range(100):
        watcher.feed(b"x" * 10_000)
    assert len(watcher._line) <= 1000
    assert watcher.is_within_line


def test_a_name_longer_than_a_line_is_no_name() -> None:
    with pytest.raises(MessageInvalid):
        HeaderWatcher(envelope_line=False).feed(b"x" * 2000 + b": y\r\n")
