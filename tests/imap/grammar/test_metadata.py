"""GETMETADATA, SETMETADATA, GETANNOTATION, SETANNOTATION."""

from collections.abc import Callable

import pytest

from angarium.imap import commands as c

Parse = Callable[..., object]
D = c.Depth
COMMENT = "/shared/comment"
NOT_ROOTED = b"entry must begin with /shared or /private"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'GETMETADATA "" /shared/comment', c.GetMetadata(b"", (COMMENT,))),
        (
            b'GETMETADATA "INBOX" (/shared/comment /private/comment)',
            c.GetMetadata(b"INBOX", (COMMENT, "/private/comment")),
        ),
        (b'GETMETADATA "INBOX" (MAXSIZE 1024) (/shared/comment)', c.GetMetadata(b"INBOX", (COMMENT,), 1024)),
        (b"GETMETADATA (MAXSIZE 0) INBOX /shared/comment", c.GetMetadata(b"INBOX", (COMMENT,), 0)),
        (b"GETMETADATA (DEPTH infinity) INBOX (/shared)", c.GetMetadata(b"INBOX", ("/shared",), depth=D.INFINITY)),
        (b"GETMETADATA INBOX (DEPTH 1) /shared", c.GetMetadata(b"INBOX", ("/shared",), depth=D.ONE)),
        (
            b"GETMETADATA (depth 0) INBOX (maxsize 5) /SHARED/Comment",
            c.GetMetadata(b"INBOX", ("/SHARED/Comment",), 5, D.ZERO),
        ),
        (
            b"GETMETADATA (DEPTH 1 MAXSIZE 2) {5+}\r\nINBOX {7+}\r\n/shared",
            c.GetMetadata(b"INBOX", ("/shared",), 2, D.ONE),
        ),
        (b'GETMETADATA "user/gil" ("/private/*")', c.GetMetadata(b"user/gil", ("/private/*",))),
        (b"GETMETADATA", b"Missing required argument to Getmetadata"),
        (b"GETMETADATA INBOX", b"Missing required argument to Getmetadata"),
        (b"GETMETADATA INBOX ()", b"Invalid argument to Getmetadata"),
        (b"GETMETADATA () INBOX /shared", b"Invalid argument to Getmetadata"),
        (b"GETMETADATA (FOO 1) INBOX /shared", b"Invalid Getmetadata option FOO"),
        (b"GETMETADATA (DEPTH 2) INBOX /shared", b"Invalid depth in Getmetadata"),
        (b"GETMETADATA (DEPTH) INBOX /shared", b"Invalid argument to Getmetadata"),
        (b"GETMETADATA (MAXSIZE x) INBOX /shared", b"Invalid argument to Getmetadata"),
        (b"GETMETADATA (MAXSIZE 1 MAXSIZE 2) INBOX /shared", b"Invalid Getmetadata option MAXSIZE"),
        (b"GETMETADATA (DEPTH 1) INBOX (DEPTH 1) /shared", b"Invalid Getmetadata option DEPTH"),
        (b"GETMETADATA INBOX /foo", NOT_ROOTED),
        (b"GETMETADATA INBOX shared", NOT_ROOTED),
        (b"GETMETADATA INBOX /sharedx", NOT_ROOTED),
        (b"GETMETADATA INBOX /shared/", b"Invalid entry name"),
        (b"GETMETADATA INBOX /shared//x", b"Invalid entry name"),
        (b'GETMETADATA INBOX "/shared/\xc3\xa9"', b"Invalid entry name"),
        (b"GETMETADATA INBOX /shared x", b"Unexpected extra arguments to Getmetadata"),
        (
            b'SETMETADATA INBOX (/private/comment "My comment" /shared/comment NIL)',
            c.SetMetadata(
                b"INBOX", (c.MetadataValue("/private/comment", b"My comment"), c.MetadataValue(COMMENT, None))
            ),
        ),
        (
            b'SETMETADATA "" ({15+}\r\n/shared/comment ~{3+}\r\na\0b)',
            c.SetMetadata(b"", (c.MetadataValue(COMMENT, b"a\0b"),)),
        ),
        (
            b'SETMETADATA INBOX ("/shared/comment" {3+}\r\nabc)',
            c.SetMetadata(b"INBOX", (c.MetadataValue(COMMENT, b"abc"),)),
        ),
        (b'SETMETADATA INBOX (/shared/comment "")', c.SetMetadata(b"INBOX", (c.MetadataValue(COMMENT, b""),))),
        (b"SETMETADATA", b"Missing required argument to Setmetadata"),
        (b"SETMETADATA INBOX", b"Missing required argument to Setmetadata"),
        (b"SETMETADATA INBOX ()", b"Invalid argument to Setmetadata"),
        (b'SETMETADATA INBOX /shared/comment "x"', b"Invalid argument to Setmetadata"),
        (b"SETMETADATA INBOX (/shared/comment)", b"Invalid argument to Setmetadata"),
        (b"SETMETADATA INBOX (/shared/comment x)", b"Invalid argument to Setmetadata"),
        (b'SETMETADATA INBOX (/shared/* "x")', b"Invalid entry name"),
        (b'SETMETADATA INBOX (/comment "x")', NOT_ROOTED),
        (b"SETMETADATA INBOX (/shared/comment {1+}\r\n\0)", b"Invalid literal: NUL in it"),
        (b"SETMETADATA ~{5+}\r\nINBOX (/shared/comment NIL)", b"Invalid argument to Setmetadata"),
        (b'GETANNOTATION INBOX "*" "value.shared"', c.GetAnnotation(b"INBOX", ("*",), ("value.shared",))),
        (
            b'GETANNOTATION "S*" ("/comment" /vendor/%) ("value.priv" "value.shared")',
            c.GetAnnotation(b"S*", ("/comment", "/vendor/%"), ("value.priv", "value.shared")),
        ),
        (b'GETANNOTATION "" "/comment" "*"', c.GetAnnotation(b"", ("/comment",), ("*",))),
        (b"GETANNOTATION INBOX /comment", b"Missing required argument to Getannotation"),
        (b"GETANNOTATION INBOX comment value", b"Invalid entry name"),
        (b"GETANNOTATION INBOX /comment a/b", b"Invalid attribute name"),
        (b"GETANNOTATION INBOX () value", b"Invalid argument to Getannotation"),
        (
            b'SETANNOTATION INBOX "/comment" ("value.shared" "new" "value.priv" NIL)',
            c.SetAnnotation(
                b"INBOX",
                (
                    c.AnnotationValue("/comment", "value.shared", b"new"),
                    c.AnnotationValue("/comment", "value.priv", None),
                ),
            ),
        ),
        (
            b'SETANNOTATION % (/a (value.priv "x") /b (value.priv ~{1+}\r\n\0))',
            c.SetAnnotation(
                b"%", (c.AnnotationValue("/a", "value.priv", b"x"), c.AnnotationValue("/b", "value.priv", b"\0"))
            ),
        ),
        (b"SETANNOTATION INBOX /comment", b"Missing required argument to Setannotation"),
        (b"SETANNOTATION INBOX /comment ()", b"Invalid argument to Setannotation"),
        (b'SETANNOTATION INBOX /comment ("value.priv")', b"Invalid argument to Setannotation"),
        (b'SETANNOTATION INBOX /comment* ("value.priv" "x")', b"Invalid entry name"),
        (b'SETANNOTATION INBOX /comment ("value.*" "x")', b"Invalid attribute name"),
    ],
)
def test_metadata(parse: Parse, text: bytes, expected: object) -> None:
    assert parse(text) == expected


def test_values_are_not_shown() -> None:
    assert "secret" not in repr(c.SetMetadata(b"", (c.MetadataValue(COMMENT, b"secret"),)))
    assert "secret" not in repr(c.AnnotationValue("/a", "value.priv", b"secret"))
