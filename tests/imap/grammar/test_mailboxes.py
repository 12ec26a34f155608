"""Commands on mailboxes."""

from collections.abc import Callable

import pytest

from angarium.imap import commands as c
from angarium.imap.dialect import EVERYTHING, Dialect, Extension
from angarium.sequenceset import SequenceSet

Parse = Callable[..., object]
S = c.StatusItem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"SELECT INBOX", c.Select(b"INBOX")),
        (b'SELECT "a \\"b"', c.Select(b'a "b')),
        (b"SELECT {5+}\r\nINBOX", c.Select(b"INBOX")),
        (b"SELECT {0+}\r\n", c.Select(b"")),
        (b"SELECT caf\xc3\xa9", c.Select(b"caf\xc3\xa9")),
        (b'SELECT "caf\xc3\xa9"', c.Select(b"caf\xc3\xa9")),
        (b"SELECT INBOX (CONDSTORE)", c.Select(b"INBOX", condstore=True)),
        (b"SELECT INBOX (condstore CONDSTORE)", c.Select(b"INBOX", condstore=True)),
        (b"EXAMINE INBOX (CONDSTORE)", c.Examine(b"INBOX", condstore=True)),
        (b"EXAMINE INBOX", c.Examine(b"INBOX")),
        (b"SELECT", b"Missing required argument to Select"),
        (b"SELECT ", b"Missing required argument to Select"),
        (b"SELECT INBOX ", b"Missing required argument to Select"),
        (b"SELECT INBOX x", b"Invalid argument to Select"),
        (b"SELECT INBOX ()", b"Invalid argument to Select"),
        (b"SELECT INBOX (FOO)", b"Invalid Select modifier FOO"),
        (b"SELECT INBOX (CONDSTORE) x", b"Unexpected extra arguments to Select"),
        (b"SELECT INBOX(CONDSTORE)", b"Unexpected extra arguments to Select"),
        (b"SELECT a\rb", b"Unexpected extra arguments to Select"),
        (b"CREATE Work/2024", c.Create(b"Work/2024")),
        (b"CREATE a*b", c.Create(b"a*b")),
        (b"CREATE P1 default", c.Create(b"P1", b"default")),
        (b"CREATE D2 (USE (\\Drafts))", c.Create(b"D2", special_use=("\\Drafts",))),
        (b"CREATE D2 (use (\\Drafts \\Sent \\Drafts))", c.Create(b"D2", special_use=("\\Drafts", "\\Sent"))),
        (b"CREATE user/gil/C (USE (Drafts))", c.Create(b"user/gil/C", special_use=("Drafts",))),
        (b"CREATE D2 (USE ())", c.Create(b"D2")),
        (b"CREATE D2 (PARTITION x USE (\\All))", c.Create(b"D2", b"x", ("\\All",))),
        (b"CREATE P3 (PARTITION default)", c.Create(b"P3", b"default")),
        (b"CREATE P3 (FOO x)", b"Invalid Create parameter FOO"),
        (b"CREATE P3 (USE (\\A) USE (\\B))", b"Invalid Create parameter USE"),
        (b"CREATE P3 (PARTITION x PARTITION y)", b"Invalid Create parameter PARTITION"),
        (b"CREATE P3 (USE)", b"Invalid argument to Create"),
        (b"CREATE P3 (USE (\\))", b"Invalid argument to Create"),
        (b"CREATE P3 (USE (\\All)) x", b"Unexpected extra arguments to Create"),
        (b"CREATE P3 ()", b"Invalid argument to Create"),
        (b"CREATE a b c", b"Unexpected extra arguments to Create"),
        (b"DELETE Work", c.Delete(b"Work")),
        (b"DELETE", b"Missing required argument to Delete"),
        (b"RENAME a b", c.Rename(b"a", b"b")),
        (b"RENAME a b default", c.Rename(b"a", b"b", b"default")),
        (b"RENAME a", b"Missing required argument to Rename"),
        (b"SUBSCRIBE a", c.Subscribe(b"a")),
        (b"UNSUBSCRIBE a", c.Unsubscribe(b"a")),
        (b"SUBSCRIBE a b", b"Unexpected extra arguments to Subscribe"),
        (b"STATUS INBOX (MESSAGES)", c.Status(b"INBOX", (S.MESSAGES,))),
        (
            b"STATUS INBOX (unseen RECENT uidnext UIDVALIDITY MESSAGES SIZE DELETED HIGHESTMODSEQ UNSEEN)",
            c.Status(
                b"INBOX",
                (S.UNSEEN, S.RECENT, S.UIDNEXT, S.UIDVALIDITY, S.MESSAGES, S.SIZE, S.DELETED, S.HIGHESTMODSEQ),
            ),
        ),
        (b"STATUS INBOX", b"Missing required argument to Status"),
        (b"STATUS INBOX ", b"Missing required argument to Status"),
        (b"STATUS INBOX ()", b"Bad status string"),
        (b"STATUS INBOX MESSAGES", b"Bad status string"),
        (b"STATUS INBOX (FOO)", b"Invalid Status attributes foo"),
        (b"STATUS INBOX (MESSAGES", b"Missing required argument to Status"),
        (b"STATUS INBOX (MESSAGES )", b"Invalid argument to Status"),
        (b"STATUS INBOX (MESSAGES) x", b"Unexpected extra arguments to Status"),
    ],
)
def test_mailbox_commands(parse: Parse, text: bytes, expected: object) -> None:
    assert parse(text) == expected


QRESYNC = Dialect(EVERYTHING.served, frozenset({Extension.QRESYNC}))


def seq(text: bytes) -> SequenceSet:
    return SequenceSet.parse(text)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (b"QRESYNC (67890007 20050715194045000)", c.QuickResync(67890007, 20050715194045000)),
        (
            b"qresync (67890007 90060115194045000 41,43:211,214:541)",
            c.QuickResync(67890007, 90060115194045000, seq(b"41,43:211,214:541")),
        ),
        (
            b"QRESYNC (67890007 90060115205545359 41,43:211 (1,3:5 10,12:14))",
            c.QuickResync(67890007, 90060115205545359, seq(b"41,43:211"), (seq(b"1,3:5"), seq(b"10,12:14"))),
        ),
        (b"QRESYNC (1 1 (1 10))", c.QuickResync(1, 1, None, (seq(b"1"), seq(b"10")))),
        (b"QRESYNC", b"Invalid argument to Select"),
        (b"QRESYNC ()", b"Invalid argument to Select"),
        (b"QRESYNC (1)", b"Invalid argument to Select"),
        (b"QRESYNC (0 1)", b"Number out of range in Select"),
        (b"QRESYNC (4294967296 1)", b"Number out of range in Select"),
        (b"QRESYNC (1 0)", b"Number out of range in Select"),
        (b"QRESYNC (1 9223372036854775808)", b"Number out of range in Select"),
        (b"QRESYNC (1 1 )", b"Invalid sequence in Select"),
        (b"QRESYNC (1 1 1:*)", b"Invalid sequence in Select"),
        (b"QRESYNC (1 1 $)", b"Invalid sequence in Select"),
        (b"QRESYNC (1 1 x)", b"Invalid sequence in Select"),
        (b"QRESYNC (1 1 1 2)", b"Invalid argument to Select"),
        (b"QRESYNC (1 1 1 (1))", b"Invalid argument to Select"),
        (b"QRESYNC (1 1 1 (1 *))", b"Invalid sequence in Select"),
        (b"QRESYNC (1 1 1 (1 1) 1)", b"Invalid argument to Select"),
        (b"QRESYNC (1 1) QRESYNC (1 1)", b"Invalid Select modifier QRESYNC"),
    ],
)
def test_qresync(parse: Parse, parameters: bytes, expected: object) -> None:
    text = b"SELECT INBOX (" + parameters + b")"
    outcome = c.Select(b"INBOX", qresync=expected) if isinstance(expected, c.QuickResync) else expected
    assert parse(text, dialect=QRESYNC) == outcome


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"SELECT INBOX (ANNOTATE)", c.Select(b"INBOX", annotate=True)),
        (
            b"EXAMINE INBOX (ANNOTATE QRESYNC (1 2) CONDSTORE)",
            c.Examine(b"INBOX", condstore=True, qresync=c.QuickResync(1, 2), annotate=True),
        ),
        (
            b"STATUS INBOX (MAILBOXID APPENDLIMIT DELETED-STORAGE HIGHESTMODSEQ)",
            c.Status(b"INBOX", (S.MAILBOXID, S.APPENDLIMIT, S.DELETED_STORAGE, S.HIGHESTMODSEQ)),
        ),
    ],
)
def test_parameters_and_items_of_extensions(parse: Parse, text: bytes, expected: object) -> None:
    assert parse(text, dialect=QRESYNC) == expected
