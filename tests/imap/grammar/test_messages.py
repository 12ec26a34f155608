"""STORE, COPY, MOVE, UID EXPUNGE."""

from collections.abc import Callable

import pytest

from angarium.imap import commands as c
from angarium.sequenceset import SequenceSet

Parse = Callable[..., object]
M = c.StoreMode


def seq(text: bytes) -> SequenceSet:
    return SequenceSet.parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"STORE 2:4 +FLAGS (\\Deleted)", c.Store(seq(b"2:4"), M.ADD, ("\\Deleted",), by_uid=False)),
        (b"STORE 1 flags.silent \\answered", c.Store(seq(b"1"), M.REPLACE, ("\\Answered",), by_uid=False, silent=True)),
        (b"STORE 1 -FLAGS \\Seen $Work", c.Store(seq(b"1"), M.REMOVE, ("\\Seen", "$Work"), by_uid=False)),
        (b"STORE 1 +FLAGS ()", c.Store(seq(b"1"), M.ADD, (), by_uid=False)),
        (b"STORE 1 +FLAGS (\\SEEN \\Seen x x)", c.Store(seq(b"1"), M.ADD, ("\\Seen", "x"), by_uid=False)),
        (b"UID STORE 1:* FLAGS (x)", c.Store(seq(b"1:*"), M.REPLACE, ("x",), by_uid=True)),
        (b"STORE $ +FLAGS (x)", c.Store(seq(b"$"), M.ADD, ("x",), by_uid=False)),
        (
            b"STORE 1 (UNCHANGEDSINCE 320162338) +FLAGS.SILENT (\\Seen)",
            c.Store(seq(b"1"), M.ADD, ("\\Seen",), by_uid=False, silent=True, unchanged_since=320162338),
        ),
        (
            b"UID STORE 1 (unchangedsince 0) FLAGS x",
            c.Store(seq(b"1"), M.REPLACE, ("x",), by_uid=True, unchanged_since=0),
        ),
        (b"STORE", b"Missing required argument to Store"),
        (b"STORE 1", b"Missing required argument to Store"),
        (b"STORE 1 FLAGS", b"Missing required argument to Store"),
        (b"STORE 1 FLAGS ", b"Missing required argument to Store"),
        (b"STORE x FLAGS (y)", b"Invalid sequence in Store"),
        (b"STORE 0 FLAGS (y)", b"Invalid sequence in Store"),
        (b"STORE 1,,2 FLAGS (y)", b"Invalid sequence in Store"),
        (b"STORE 1 FOO (x)", b"Invalid Store attribute"),
        (b"STORE 1 FLAGS.LOUD (x)", b"Invalid Store attribute"),
        (b"STORE 1 +FLAGS (\\Foo)", b"Invalid system flag in Store command"),
        (b"STORE 1 +FLAGS (\\Recent)", b"Invalid system flag in Store command"),
        (b"STORE 1 +FLAGS (a]b)", b"Invalid flag name in Store command"),
        (b"STORE 1 +FLAGS (x) y", b"Unexpected extra arguments to Store"),
        (b"STORE 1 +FLAGS (x", b"Missing required argument to Store"),
        (b"STORE 1 (FOO 1) +FLAGS (x)", b"Invalid Store modifier FOO"),
        (b"STORE 1 (UNCHANGEDSINCE) +FLAGS (x)", b"Invalid argument to Store"),
        (b"STORE 1 (UNCHANGEDSINCE 9223372036854775808) +FLAGS (x)", b"Number out of range in Store"),
        (b"STORE 1 (UNCHANGEDSINCE 99999999999999999999) +FLAGS (x)", b"Number out of range in Store"),
        (
            b'STORE 1 ANNOTATION (/comment (value.priv "Get tix Tuesday") /altsubject (value.priv "Wots On"))',
            c.StoreAnnotation(
                seq(b"1"),
                (
                    c.AnnotationValue("/comment", "value.priv", b"Get tix Tuesday"),
                    c.AnnotationValue("/altsubject", "value.priv", b"Wots On"),
                ),
                by_uid=False,
            ),
        ),
        (
            b"UID STORE 1:* (UNCHANGEDSINCE 5) annotation (/a (value.shared ~{2+}\r\nx\0 value.priv NIL))",
            c.StoreAnnotation(
                seq(b"1:*"),
                (c.AnnotationValue("/a", "value.shared", b"x\0"), c.AnnotationValue("/a", "value.priv", None)),
                by_uid=True,
                unchanged_since=5,
            ),
        ),
        (b"STORE 1 ANNOTATION", b"Missing required argument to Store"),
        (b"STORE 1 ANNOTATION ()", b"Invalid argument to Store"),
        (b"STORE 1 ANNOTATION (/a ())", b"Invalid argument to Store"),
        (b"STORE 1 ANNOTATION (/a (value.priv))", b"Invalid argument to Store"),
        (b'STORE 1 ANNOTATION (/a* (value.priv "x"))', b"Invalid entry name"),
        (b'STORE 1 ANNOTATION (/a (value.priv "x")) y', b"Unexpected extra arguments to Store"),
        (b'STORE 1 ANNOTATION.SILENT (/a (value.priv "x"))', b"Invalid Store attribute"),
        (b"STORE 1 +FLAGS ~{1+}\r\nx", b"Unexpected extra arguments to Store"),
        (b"COPY 2:4 Archive", c.Copy(seq(b"2:4"), b"Archive", by_uid=False)),
        (b"UID COPY * {4+}\r\na\r\nb", c.Copy(seq(b"*"), b"a\r\nb", by_uid=True)),
        (b"COPY 1", b"Missing required argument to Copy"),
        (b"COPY 1 a b", b"Unexpected extra arguments to Copy"),
        (b"MOVE 42:69 foo", c.Move(seq(b"42:69"), b"foo", by_uid=False)),
        (b"UID MOVE 42:69 foo", c.Move(seq(b"42:69"), b"foo", by_uid=True)),
        (b"UID EXPUNGE 3000:3002", c.Expunge(seq(b"3000:3002"))),
        (b"UID EXPUNGE", b"Missing required argument to Uid"),
        (b"UID EXPUNGE x", b"Invalid sequence in Uid"),
        (b"UID COPY 1", b"Missing required argument to Uid"),
        (b"UID", b"Missing required argument to Uid"),
        (b"UID ", b"Missing required argument to Uid"),
        (b"UID FOO 1", b"Unrecognized UID subcommand"),
        (b"UID NOOP", b"Unrecognized UID subcommand"),
    ],
)
def test_message_commands(parse: Parse, text: bytes, expected: object) -> None:
    assert parse(text) == expected
