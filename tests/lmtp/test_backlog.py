"""Places in the queues."""

import pytest
from tests.lmtp.post import settings

from angarium.engine.rows import AccountId
from angarium.errors import StoreBusy
from angarium.lmtp import Backlog

ALICE, BOB = AccountId("alice"), AccountId("bob")
ENGINE = settings("write_queue_per_account: 4\nwrite_queue_per_worker: 8").engine


def test_half_of_an_accounts_queue_is_for_mail() -> None:
    backlog = Backlog()
    with backlog.places([ALICE], ENGINE), backlog.places([ALICE, BOB], ENGINE):
        with pytest.raises(StoreBusy), backlog.places([ALICE], ENGINE):
            pass
        with backlog.places([BOB], ENGINE):
            pass


def test_half_of_a_workers_queue_is_for_mail() -> None:
    backlog = Backlog()
    accounts = [AccountId(f"a{number}") for number in range(4)]
    with backlog.places(accounts, ENGINE), pytest.raises(StoreBusy), backlog.places([BOB], ENGINE):
        pass


def test_places_are_given_back_also_after_an_error() -> None:
    backlog = Backlog()
    for _ in range(3):
        with pytest.raises(KeyError), backlog.places([ALICE, ALICE], ENGINE):
            raise KeyError
    with backlog.places([ALICE, ALICE], ENGINE):
        pass


def test_a_refusal_takes_no_place() -> None:
    backlog = Backlog()
    with backlog.places([ALICE, ALICE], ENGINE), pytest.raises(StoreBusy), backlog.places([BOB, ALICE], ENGINE):
        pass
    with backlog.places([BOB, BOB], ENGINE):
        pass


def test_a_message_for_more_than_all_places_goes_through_alone() -> None:
    backlog = Backlog()
    with backlog.places([ALICE] * 20, ENGINE), pytest.raises(StoreBusy), backlog.places([ALICE], ENGINE):
        pass
