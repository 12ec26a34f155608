"""Commands on mailboxes."""

from collections.abc import Callable

import pytest

from angarium.imap import commands as c

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
        (b"CREATE D2 (USE (\\Drafts))", b"Invalid argument to Create"),
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
