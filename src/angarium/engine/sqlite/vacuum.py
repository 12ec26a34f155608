"""Giving the free pages of an account's file back to the file system, where they are a good part of it."""

from typing import Final

import apsw

_SLICE_PAGES: Final = 256
"""Moved in one transaction; some 5 ms."""
_LEAST_PAGES: Final = 1024
_LEAST_SHARE: Final = 4
"""New mail soon fills what is less than a quarter of the file."""


def give_back_pages(connection: apsw.Connection) -> bool:
    """Give back one slice, in a transaction of its own, if there is enough to give; tells whether there was.

    The file shrinks when its log is folded in.
    """
    free, pages = connection.pragma("freelist_count"), connection.pragma("page_count")
    if free < _LEAST_PAGES or free * _LEAST_SHARE < pages:
        return False
    connection.execute(f"PRAGMA incremental_vacuum({_SLICE_PAGES})").fetchall()  # a page goes with each step
    return True
