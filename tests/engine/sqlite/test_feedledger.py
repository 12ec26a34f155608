from collections.abc import Iterator
from pathlib import Path

import pytest

from angarium.engine.disk import SystemDisk
from angarium.engine.rows import AccountId, ModSeq
from angarium.engine.sqlite.feedledger import FeedLedger, Progress
from angarium.errors import AngariumError

ONE, TWO, THREE = [AccountId(letter * 24) for letter in "abc"]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[FeedLedger]:
    ledger = FeedLedger(str(tmp_path), SystemDisk())
    ledger.begin(["x", "y"], 100)
    yield ledger
    ledger.close()


def reopened(directory: Path) -> FeedLedger:
    return FeedLedger(str(directory), SystemDisk())


def test_what_was_saved_is_there_after_opening_it_again(ledger: FeedLedger, tmp_path: Path) -> None:
    ledger.save({"x": Progress({ONE: ModSeq(5), TWO: ModSeq(6)}, noted={TWO, THREE})})
    ledger.save({"x": Progress({ONE: ModSeq(7)}, gone={TWO}, done={TWO})}, looked_s=150)
    again = reopened(tmp_path)
    assert (again.position("x", ONE), again.position("x", TWO), again.position("y", ONE)) == (7, None, None)
    assert again.noted("x", after="", limit=9) == [THREE]
    assert again.looked_s() == 150
    again.close()


def test_a_consumer_begins_when_it_is_new_and_is_forgotten_when_it_is_gone(ledger: FeedLedger) -> None:
    ledger.save({"x": Progress({ONE: ModSeq(5)}, noted={ONE}), "y": Progress({ONE: ModSeq(6)})})
    assert ledger.begin(["y", "z"], 200) == {"y": 100, "z": 200}
    assert ledger.begin(["x", "y", "z"], 300) == {"x": 300, "y": 100, "z": 200}
    assert (ledger.position("x", ONE), ledger.position("y", ONE)) == (None, 6)
    assert ledger.noted("x", after="", limit=9) == []


def test_looks_go_back_to_the_oldest_consumer_and_never_back_in_time(ledger: FeedLedger) -> None:
    ledger.begin(["x", "y", "z"], 200)
    assert ledger.looked_s() == 100
    ledger.save({}, looked_s=150)
    assert ledger.looked_s() == 150
    ledger.save({}, looked_s=120)
    assert ledger.looked_s() == 150


def test_what_is_noted_is_read_in_slices(ledger: FeedLedger) -> None:
    ledger.save({"x": Progress(noted={THREE, ONE, TWO})})
    assert ledger.noted("x", after="", limit=2) == [ONE, TWO]
    assert ledger.noted("x", after=TWO, limit=2) == [THREE]


def test_an_account_that_is_heard_of_again_after_it_was_done_stays_noted(ledger: FeedLedger) -> None:
    ledger.save({"x": Progress(noted={ONE}, done={ONE})})
    assert ledger.noted("x", after="", limit=2) == [ONE]


def test_what_is_no_database_is_refused_by_the_one_tree(tmp_path: Path) -> None:
    (tmp_path / "events.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(AngariumError):
        reopened(tmp_path)
