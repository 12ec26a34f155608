"""LIST and LSUB."""

from collections.abc import Callable

import pytest

from angarium.imap import commands as c

Parse = Callable[..., object]
SUBSCRIBED, REMOTE, RECURSIVEMATCH, SPECIAL_USE = c.ListSelection
R = c.ListReturn


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'LIST "" "*"', c.List(b"", (b"*",))),
        (b'LIST "" ""', c.List(b"", (b"",))),
        (b"LIST Work/ %", c.List(b"Work/", (b"%",))),
        (b'LIST "" {2+}\r\na%', c.List(b"", (b"a%",))),
        (
            b'LIST (SUBSCRIBED) "" "*"',
            c.List(b"", (b"*",), frozenset({SUBSCRIBED}), is_extended=True),
        ),
        (
            b'LIST (subscribed REMOTE RecursiveMatch) "" %',
            c.List(b"", (b"%",), frozenset({SUBSCRIBED, REMOTE, RECURSIVEMATCH}), is_extended=True),
        ),
        (b'LIST () "" %', c.List(b"", (b"%",), is_extended=True)),
        (b'LIST "" ("INBOX" Drafts "Sent/%")', c.List(b"", (b"INBOX", b"Drafts", b"Sent/%"), is_extended=True)),
        (
            b'LIST "" % RETURN (CHILDREN subscribed)',
            c.List(b"", (b"%",), returns=frozenset({R.CHILDREN, R.SUBSCRIBED}), is_extended=True),
        ),
        (b'LIST "" % RETURN ()', c.List(b"", (b"%",), is_extended=True)),
        (
            b'LIST "" % RETURN (STATUS (MESSAGES UNSEEN) CHILDREN)',
            c.List(
                b"",
                (b"%",),
                returns=frozenset({R.STATUS, R.CHILDREN}),
                status_items=(c.StatusItem.MESSAGES, c.StatusItem.UNSEEN),
                is_extended=True,
            ),
        ),
        (
            b'LIST (SPECIAL-USE REMOTE) "" * RETURN (SPECIAL-USE MYRIGHTS)',
            c.List(
                b"",
                (b"*",),
                frozenset({SPECIAL_USE, REMOTE}),
                frozenset({R.SPECIAL_USE, R.MYRIGHTS}),
                is_extended=True,
            ),
        ),
        (
            b'LIST "" % RETURN (METADATA ("/shared/vendor/cmu/cyrus-imapd/color" /private/comment) SUBSCRIBED)',
            c.List(
                b"",
                (b"%",),
                returns=frozenset({R.METADATA, R.SUBSCRIBED}),
                is_extended=True,
                metadata_entries=("/shared/vendor/cmu/cyrus-imapd/color", "/private/comment"),
            ),
        ),
        (b'LIST "" % RETURN (METADATA)', b"Invalid argument to List"),
        (b'LIST "" % RETURN (METADATA ())', b"Invalid argument to List"),
        (b'LIST "" % RETURN (METADATA (/comment))', b"entry must begin with /shared or /private"),
        (b'LIST (SPECIAL-USE RECURSIVEMATCH) "" *', b"Invalid combination of selection options"),
        (b'RLIST "" ""', c.RList(b"", b"")),
        (b'RLSUB "*" "*"', c.RLsub(b"*", b"*")),
        (b'XLIST "" "%"', c.XList(b"", b"%")),
        (b'RLIST ""', b"Missing required argument to Rlist"),
        (b'XLIST (REMOTE) "" ""', b"Invalid argument to Xlist"),
        (b"LIST", b"Missing required argument to List"),
        (b'LIST ""', b"Missing required argument to List"),
        (b'LIST "" ()', b"Invalid argument to List"),
        (b'LIST (FOO) "" "*"', b'Invalid List selection option "foo"'),
        (b'LIST (RECURSIVEMATCH) "" "%"', b"Invalid combination of selection options"),
        (b'LIST (REMOTE RECURSIVEMATCH) "" "%"', b"Invalid combination of selection options"),
        (b'LIST (SUBSCRIBED REMOTE "" "%"', b"Invalid argument to List"),
        (b'LIST "" "*" RETURN (FOO)', b'Invalid List return option "foo"'),
        (b'LIST "" "*" RETURN', b"Missing required argument to List"),
        (b'LIST "" "*" RETURN (STATUS)', b"Invalid argument to List"),
        (b'LIST "" "*" RETURN (STATUS ())', b"Bad status string"),
        (b'LIST "" "*" FOO', b"Unexpected extra arguments to List"),
        (b'LIST "" "*" RETURN () x', b"Unexpected extra arguments to List"),
        (b'LSUB "" "*"', c.Lsub(b"", b"*")),
        (b'LSUB "" ("*")', b"Invalid argument to Lsub"),
        (b'LSUB ""', b"Missing required argument to Lsub"),
    ],
)
def test_listing(parse: Parse, text: bytes, expected: object) -> None:
    assert parse(text) == expected
