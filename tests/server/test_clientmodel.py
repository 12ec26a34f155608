"""The model of a client finds what contradicts itself, and passes what does not."""

import re

import pytest
from tests.server.clientmodel import Contradiction, Ledger, Picture, UidPicture, parse_copyuid, parse_fetch
from tests.server.imapwire import Response, parse_values


def told(picture: Picture, *lines: str) -> None:
    for line in lines:
        response = Response("*", f"{line}\r\n".encode())
        number, word = response.number or (0, "")
        match word:
            case "EXISTS":
                picture.exists(number)
            case "EXPUNGE":
                picture.expunge(number)
            case "FETCH":
                picture.fetched(number, parse_fetch(response))
            case _:
                uids = [int(each) for each in re.findall(r"\d+", line)]
                (picture.searched_uids if line.startswith("UIDS") else picture.searched)(uids)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(["3 EXISTS", "2 EXPUNGE", "2 EXISTS", "4 EXISTS"], id="numbers"),
        pytest.param(["2 EXISTS", "1 FETCH (UID 4)", "1 EXPUNGE", "1 FETCH (UID 7)", "UIDS 7"], id="uids"),
        pytest.param(
            ["1 EXISTS", r"1 FETCH (FLAGS (\Seen) MODSEQ (4))", r"1 FETCH (FLAGS () MODSEQ (5))"], id="modseq"
        ),
        pytest.param(["1 EXISTS", r"1 FETCH (FLAGS (\Seen \Recent))", r"1 FETCH (FLAGS (\Seen))"], id="recent"),
        pytest.param(
            ["1 EXISTS", "1 FETCH (FLAGS () MODSEQ (4))", "1 FETCH (FLAGS (a))", "1 FETCH (FLAGS (a) MODSEQ (5))"],
            id="flags told without modseq",
        ),
    ],
)
def test_what_can_be_is_passed(lines: list[str]) -> None:
    told(Picture("m"), *lines)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(["3 EXISTS", "2 EXISTS"], id="fewer without an expunge"),
        pytest.param(["1 EXISTS", "2 EXPUNGE"], id="an expunge of nothing"),
        pytest.param(["1 EXISTS", "2 FETCH (UID 3)"], id="a fetch of nothing"),
        pytest.param(["1 EXISTS", "1 FETCH (UID 3)", "1 FETCH (UID 4)"], id="another uid"),
        pytest.param(["2 EXISTS", "2 FETCH (UID 3)", "1 FETCH (UID 3)"], id="a uid twice"),
        pytest.param(["2 EXISTS", "1 FETCH (UID 3)", "2 FETCH (UID 2)"], id="uids that fall"),
        pytest.param(["2 EXISTS", "1 FETCH (UID 3)", "1 EXPUNGE", "1 FETCH (UID 3)"], id="an expunged uid"),
        pytest.param(["1 EXISTS", "1 FETCH (MODSEQ (4))", "1 FETCH (MODSEQ (3))"], id="modseq that falls"),
        pytest.param(
            ["1 EXISTS", "1 FETCH (FLAGS () MODSEQ (4))", "1 FETCH (FLAGS (a) MODSEQ (4))"], id="flags without modseq"
        ),
        pytest.param(["1 EXISTS", "SEARCH 2"], id="a search beyond"),
        pytest.param(["1 EXISTS", "UIDS 2 3"], id="more uids than messages"),
        pytest.param(["1 EXISTS", "1 FETCH (UID 3)", "UIDS 4"], id="a search for an unknown uid"),
    ],
)
def test_what_cannot_be_is_found(lines: list[str]) -> None:
    with pytest.raises(Contradiction):
        told(Picture("m"), *lines)


def test_what_clients_learn_from_one_another_is_compared() -> None:
    ledger = Ledger()
    ledger.observe(5, "m", "UIDNEXT", floors={})
    ledger.is_of("m", 1, "one")
    ledger.has_uidvalidity("m", 7)
    with pytest.raises(Contradiction):
        ledger.observe(4, "m", "UIDNEXT", floors=ledger.floors())
    with pytest.raises(Contradiction):
        ledger.observe(5, "m", "UIDNEXT", floors=ledger.floors(), is_new=True)
    with pytest.raises(Contradiction):
        ledger.is_of("m", 1, "two")
    with pytest.raises(Contradiction):
        ledger.has_uidvalidity("m", 8)


def test_copies_are_as_many_as_their_sources() -> None:
    assert parse_copyuid(b"7 1:2,4 9,3:4") == (7, [1, 2, 4], [9, 3, 4])
    with pytest.raises(Contradiction):
        parse_copyuid(b"7 1:2 9")


def test_values_have_literals_lists_and_strings() -> None:
    octets = b'(FLAGS (\\Seen a) BODY[TEXT] {4}\r\n()\r\n X "a\\"b" E ())\r\n'
    assert parse_values(octets) == [[b"FLAGS", [b"\\Seen", b"a"], b"BODY[TEXT]", b"()\r\n", b"X", b'a"b', b"E", []]]


def test_what_vanishes_by_uid_is_taken_where_it_was() -> None:
    picture = Picture("x")
    told(picture, "4 EXISTS", "1 FETCH (UID 4)", r"3 FETCH (FLAGS (\Seen))")
    picture.vanished([4, 9])
    assert [(each.uid, each.flags) for each in picture.messages] == [(None, None), (None, None)]
    told(picture, "1 FETCH (UID 7)", "2 FETCH (UID 8)")
    with pytest.raises(Contradiction):
        picture.vanished([9])
    with pytest.raises(Contradiction):
        picture.vanished([10])


def test_with_uidonly_messages_are_known_by_their_uid() -> None:
    picture = UidPicture("x")
    picture.exists(3)
    picture.fetched_by_uid(7, {"FLAGS": [b"a"]})
    picture.fetched_by_uid(4, {"UID": b"4"})
    assert picture.known_uids() == [4, 7]
    picture.vanished([4, 5])
    assert [(told.uid, told.flags) for told in picture.messages] == [(7, frozenset({"a"}))]
    for wrong in (
        lambda: picture.fetched_by_uid(9, {}),
        lambda: picture.fetched_by_uid(4, {}),
        lambda: picture.fetched_by_uid(7, {"UID": b"8"}),
        lambda: picture.fetched(1, {}),
        lambda: picture.expunge(1),
        lambda: picture.vanished([5]),
    ):
        with pytest.raises(Contradiction):
            wrong()
