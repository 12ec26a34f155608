"""Untagged data responses, most of them as a real Cyrus sends them."""

from collections.abc import Iterator

import numpy as np
import pytest

from angarium.imap import serializer as s
from angarium.imap.commands import StatusItem
from angarium.sequenceset import UidSet

EVERYONE = ((b"Other Users/", b"/"),)
SHARED = ((b"Shared Folders/", b"/"),)


@pytest.mark.parametrize(
    ("response", "octets"),
    [
        (s.serialize_capability(b"IMAP4rev1 ID"), b"* CAPABILITY IMAP4rev1 ID"),
        (s.serialize_enabled([b"CONDSTORE"]), b"* ENABLED CONDSTORE"),
        (s.serialize_enabled([]), b"* ENABLED"),
        (s.serialize_exists(4), b"* 4 EXISTS"),
        (s.serialize_recent(0), b"* 0 RECENT"),
        (s.serialize_expunge(2), b"* 2 EXPUNGE"),
        (s.serialize_flags_response(["\\Answered", "$Work"]), b"* FLAGS (\\Answered $Work)"),
        (s.serialize_list([b"\\HasNoChildren"], b"/", b"INBOX"), b'* LIST (\\HasNoChildren) "/" INBOX'),
        (s.serialize_list([b"\\Noselect"], b"/", b""), b'* LIST (\\Noselect) "/" ""'),
        (s.serialize_list([], None, b"a b", name=b"LSUB"), b'* LSUB () NIL "a b"'),
        (
            s.serialize_list([b"\\NonExistent", b"\\HasChildren"], b"/", b"Work", childinfo=[b"SUBSCRIBED"]),
            b'* LIST (\\NonExistent \\HasChildren) "/" Work (CHILDINFO ("SUBSCRIBED"))',
        ),
        (
            s.serialize_list([], b".", b"new", childinfo=[b"SUBSCRIBED"], oldname=b"old name"),
            b'* LIST () "." new (CHILDINFO ("SUBSCRIBED") OLDNAME ("old name"))',
        ),
        (
            s.serialize_status_response(b"INBOX", [(StatusItem.MESSAGES, b"0"), (StatusItem.UNSEEN, b"0")]),
            b"* STATUS INBOX (MESSAGES 0 UNSEEN 0)",
        ),
        (
            s.serialize_namespace([(b"", b"/")], EVERYONE, SHARED),
            b'* NAMESPACE (("" "/")) (("Other Users/" "/")) (("Shared Folders/" "/"))',
        ),
        (s.serialize_namespace([], EVERYONE, [(b"#x", None)]), b'* NAMESPACE NIL (("Other Users/" "/")) (("#x" NIL))'),
        (
            s.serialize_namespace([], EVERYONE, SHARED, translations={b"Other Users/": b"Ben&APw-tzer/"}),
            b'* NAMESPACE NIL (("Other Users/" "/" "TRANSLATION" ("Ben&APw-tzer/"))) (("Shared Folders/" "/"))',
        ),
        (s.serialize_language(["de"]), b"* LANGUAGE (de)"),
        (s.serialize_language(["de", "i-default"]), b"* LANGUAGE (de i-default)"),
        (s.serialize_id([(b"name", b"Angarium"), (b"os", None)]), b'* ID ("name" "Angarium" "os" NIL)'),
        (s.serialize_id([]), b"* ID NIL"),
        (
            s.serialize_acl(b"Sent", [(b"ann", b"lrs"), (b"-bob", b"w"), (b"none", b"")]),
            b'* ACL Sent ann lrs -bob w none ""',
        ),
        (s.serialize_acl(b"Sent", []), b"* ACL Sent"),
        (
            s.serialize_listrights(b"Sent", b"bob", b"", [b"l", b"r", b"te"]),
            b'* LISTRIGHTS Sent bob "" l r te',
        ),
        (s.serialize_myrights(b"a b", b"lrs"), b'* MYRIGHTS "a b" lrs'),
        (
            s.serialize_quota(b"user/ann", [(b"STORAGE", 3, 10), (b"MESSAGE", 19, 100)]),
            b"* QUOTA user/ann (STORAGE 3 10 MESSAGE 19 100)",
        ),
        (s.serialize_quota(b"", []), b'* QUOTA "" ()'),
        (s.serialize_quotaroot(b"INBOX", []), b"* QUOTAROOT INBOX"),
        (s.serialize_quotaroot(b"INBOX", [b"user/ann"]), b"* QUOTAROOT INBOX user/ann"),
    ],
)
def test_responses(response: bytes, octets: bytes) -> None:
    assert response == octets + b"\r\n"


@pytest.mark.parametrize(
    ("pieces", "octets"),
    [
        (s.serialize_search(UidSet(((1, 3),))), b"* SEARCH 1 2 3"),
        (s.serialize_search(UidSet()), b"* SEARCH"),
        (s.serialize_search(UidSet(((1, 1),)), modseq=72), b"* SEARCH 1 (MODSEQ 72)"),
        (
            s.serialize_esearch(b"a32", by_uid=False, count=4, minimum=1, maximum=4, found=((1, 4),), modseq=9),
            b'* ESEARCH (TAG "a32") COUNT 4 MIN 1 MAX 4 ALL 1:4 MODSEQ 9',
        ),
        (s.serialize_esearch(b"a35", by_uid=False, found=()), b'* ESEARCH (TAG "a35")'),
        (s.serialize_esearch(b"a33", by_uid=True, found=((1, 2),)), b'* ESEARCH (TAG "a33") UID ALL 1:2'),
        (s.serialize_esearch(b"a", by_uid=False, count=0), b'* ESEARCH (TAG "a") COUNT 0'),
        (
            s.serialize_esearch(b"a", by_uid=True, count=4, partial=(b"-1:-3", ((2, 3), (1, 1)))),
            b'* ESEARCH (TAG "a") UID COUNT 4 PARTIAL (-1:-3 2:3,1)',
        ),
        (
            s.serialize_esearch(b"a", by_uid=True, partial=(b"5:9", ()), modseq=3),
            b'* ESEARCH (TAG "a") UID PARTIAL (5:9 NIL) MODSEQ 3',
        ),
        (
            s.serialize_esearch(b"t", by_uid=True, mailbox=(b"a b", 503), found=((3, 4),)),
            b'* ESEARCH (TAG "t" MAILBOX "a b" UIDVALIDITY 503) UID ALL 3:4',
        ),
        # RFC 5267 §4.3.3, §4.3.4
        (
            s.serialize_context_update(b"B01", [], [(0, ((32768, 32769),))], by_uid=True),
            b'* ESEARCH (TAG "B01") UID ADDTO (0 32768:32769)',
        ),
        (
            s.serialize_context_update(b"B01", [(0, ((32768, 32768),))], [], by_uid=True),
            b'* ESEARCH (TAG "B01") UID REMOVEFROM (0 32768)',
        ),
        (
            s.serialize_context_update(b"C01", [(4, ((9, 9), (2, 3))), (1, ((5, 5),))], [(7, ((5, 5),))], by_uid=False),
            b'* ESEARCH (TAG "C01") REMOVEFROM (4 9,2:3 1 5) ADDTO (7 5)',
        ),
        (
            s.serialize_context_update(b"t", [], [(0, ((1, 1),))], by_uid=True, mailbox=(b"INBOX", 7)),
            b'* ESEARCH (TAG "t" MAILBOX INBOX UIDVALIDITY 7) UID ADDTO (0 1)',
        ),
        (s.serialize_sort(np.array([3, 1, 2])), b"* SORT 3 1 2"),
        (s.serialize_sort(np.array([], np.uint32)), b"* SORT"),
        (s.serialize_sort(np.array([3]), modseq=9), b"* SORT 3 (MODSEQ 9)"),
    ],
)
def test_answers_to_search_are_one_piece(pieces: Iterator[bytes], octets: bytes) -> None:
    assert list(pieces) == [octets + b"\r\n"]


@pytest.mark.parametrize(("pieces", "octets"), [([], b"* THREAD\r\n"), ([b"(1)", b"(2 3)"], b"* THREAD (1)(2 3)\r\n")])
def test_thread_lists_come_behind_one_space(pieces: list[bytes], octets: bytes) -> None:
    assert b"".join(s.serialize_thread(iter(pieces))) == octets


@pytest.mark.parametrize("count", [3, 4, 5, 8, 9])
def test_long_answers_to_search_come_in_pieces(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s, "_PIECE_NUMBERS", 4)
    found = UidSet.from_numbers(range(1, 2 * count, 2))
    numbers = [b"%d" % number for number in range(1, 2 * count, 2)]
    search = list(s.serialize_search(found, modseq=5))
    assert b"".join(search) == b"* SEARCH " + b" ".join(numbers) + b" (MODSEQ 5)\r\n"
    esearch = list(s.serialize_esearch(b"a", by_uid=True, found=found.ranges, modseq=5))
    assert b"".join(esearch) == b'* ESEARCH (TAG "a") UID ALL ' + b",".join(numbers) + b" MODSEQ 5\r\n"
    assert len(search) == len(esearch) == -(-count // 4)


@pytest.mark.parametrize("count", [3, 4, 5, 8, 9])
def test_long_changes_of_results_come_in_pieces(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s, "_PIECE_NUMBERS", 4)
    numbers = range(1, 2 * count, 2)
    ranges = [(number, number) for number in numbers]
    text = b",".join([b"%d" % number for number in numbers])
    one = list(s.serialize_context_update(b"a", [(0, ranges)], [(3, ranges)], by_uid=True))
    assert b"".join(one) == b'* ESEARCH (TAG "a") UID REMOVEFROM (0 %b) ADDTO (3 %b)\r\n' % (text, text)
    assert (len(one) > 1) == (count > 4)
    monkeypatch.setattr(s, "_PIECE_PARTS", 4)
    many = list(s.serialize_context_update(b"a", [], [(place, [(7, 7)]) for place in numbers], by_uid=False))
    pairs = b" ".join([b"%d 7" % place for place in numbers])
    assert b"".join(many) == b'* ESEARCH (TAG "a") ADDTO (' + pairs + b")\r\n"
    assert len(many) > 1


def test_vanished_comes_in_lines_that_clients_can_read() -> None:
    gone = UidSet.from_numbers(range(4_000_000_000, 4_000_002_000, 2))
    lines = list(s.serialize_vanished(gone, earlier=True))
    assert all(line.startswith(b"* VANISHED (EARLIER) ") and line.endswith(b"\r\n") for line in lines)
    assert max(map(len, lines)) < 8000
    told = [uid for line in lines for uid in UidSet.parse(line.split()[-1])]
    assert told == list(gone)
    assert list(s.serialize_vanished(UidSet.from_numbers([5, 7, 8]))) == [b"* VANISHED 5,7:8\r\n"]
    assert not list(s.serialize_vanished(UidSet()))
