"""The census finds messages that are lost, and those that are there and should not be."""

import pytest
from tests.server.census import Census
from tests.server.clientmodel import Contradiction
from tests.server.imapwire import Response
from tests.server.searchmodel import Found, check_consistent, parse_esearch


def counted() -> Census:
    """A mailbox with three messages that were appended, and another one that was delivered."""
    census = Census()
    census.count("m")
    census.count("other")
    for uid in (1, 2, 4):
        census.added("m", uid, f"token {uid}")
    census.delivered("m")
    return census


THERE = {1: "token 1", 2: "token 2", 3: "mail", 4: "token 4"}


def test_what_can_be_is_passed() -> None:
    counted().compare("m", THERE, 5)
    census = counted()
    census.may_mark("m", [1, 3])
    census.may_move("m", [4])
    census.gone("m", [1])
    census.compare("m", {2: "token 2"}, 5)
    census.compare("m", {2: "token 2", 3: "mail"}, 5)


@pytest.mark.parametrize(
    ("there", "uidnext"),
    [
        pytest.param({uid: token for uid, token in THERE.items() if uid != 2}, 5, id="one is lost"),
        pytest.param({uid: token for uid, token in THERE.items() if uid != 3}, 5, id="a delivery is lost"),
        pytest.param(THERE | {5: "token 2"}, 6, id="one is there twice"),
        pytest.param(THERE | {2: "token 1"}, 5, id="one is another"),
    ],
)
def test_what_cannot_be_is_found(there: dict[int, str], uidnext: int) -> None:
    with pytest.raises(Contradiction):
        counted().compare("m", there, uidnext)


def test_what_was_expunged_is_not_there() -> None:
    census = counted()
    census.may_mark("m", [1])
    census.gone("m", [1])
    with pytest.raises(Contradiction):
        census.compare("m", THERE, 5)


def test_a_copy_of_what_is_marked_may_go_too() -> None:
    census = counted()
    census.may_mark("m", [1])
    census.added("other", 1, "token 1", origin=("m", 1))
    census.added("other", 2, "token 2", origin=("m", 2))
    census.compare("other", {2: "token 2"}, 3)
    with pytest.raises(Contradiction):
        census.compare("other", {1: "token 1"}, 3)


def test_a_move_that_was_not_answered_may_have_been_done() -> None:
    census = counted()
    census.compare("other", {}, 1)
    with pytest.raises(Contradiction):
        census.compare("other", {1: "token 1"}, 2)
    census.unanswered("other", 1)
    census.compare("other", {1: "token 1"}, 2)
    census.compare("other", {}, 1)


def test_esearch_agrees_with_itself() -> None:
    response = Response("*", b'ESEARCH (TAG "a") UID COUNT 3 MIN 2 MAX 9 ALL 9,2:3 MODSEQ 7\r\n')
    found = parse_esearch([response], "a")
    assert found == Found((9, 2, 3), 3, 2, 9)
    check_consistent(found)
    for wrong in (Found((1,), 2, 1, 1), Found((1, 1), 2, 1, 1), Found((1, 2), 2, 2, 2), Found((), 0, 1, None)):
        with pytest.raises(Contradiction):
            check_consistent(wrong)
    with pytest.raises(Contradiction):
        parse_esearch([response], "b")
