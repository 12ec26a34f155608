import gc
import weakref
from collections.abc import Iterator

import pytest

from angarium.worker.collector import short_collections


class Node:
    def __init__(self) -> None:
        self.others: list[Node] = []


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    frozen = gc.get_freeze_count()
    yield
    if gc.get_freeze_count() != frozen:
        gc.unfreeze()


def test_what_outlived_a_long_collection_is_not_looked_at_again() -> None:
    node = Node()
    with short_collections(long_s=0.0):
        before = gc.get_freeze_count()
        gc.collect()
        frozen = gc.get_freeze_count()
        assert frozen > before
        assert all(each is not node for each in gc.get_objects())
        gc.collect(1)
        assert gc.get_freeze_count() == frozen


def test_it_is_freed_all_the_same_and_so_are_cycles_that_are_made_later() -> None:
    with short_collections(long_s=0.0):
        old = Node()
        gc.collect()
        freed = weakref.ref(old)
        del old
        assert freed() is None
        one, other = Node(), Node()
        one.others.append(other)
        other.others.append(one)
        freed = weakref.ref(one)
        del one, other
        gc.collect()
        assert freed() is None


def test_short_collections_change_nothing_and_none_does_afterwards() -> None:
    with short_collections(long_s=3600.0):
        before = gc.get_freeze_count()
        gc.collect()
        assert gc.get_freeze_count() == before
    with short_collections(long_s=0.0):
        pass
    gc.collect()
    assert gc.get_freeze_count() == before
