"""Commands about the session, and those without arguments."""

from collections.abc import Callable

import pytest

from angarium.imap import commands as c
from angarium.imap.states import State

Parse = Callable[..., object]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"CAPABILITY", c.Capability()),
        (b"noop", c.Noop()),
        (b"NoOp", c.Noop()),
        (b"NOOP ", b"Unexpected extra arguments to Noop"),
        (b"NOOP x", b"Unexpected extra arguments to Noop"),
        (b"CHECK 1", b"Unexpected extra arguments to Check"),
        (b"LOGOUT", c.Logout()),
        (b"NAMESPACE", c.Namespace()),
        (b"IDLE", c.Idle()),
        (b"CHECK", c.Check()),
        (b"CLOSE", c.Close()),
        (b"UNSELECT", c.Unselect()),
        (b"EXPUNGE", c.Expunge()),
        (b"EXPUNGE 1", b"Unexpected extra arguments to Expunge"),
        (b"ID NIL", c.Id(())),
        (b"ID nil", c.Id(())),
        (b"ID ()", c.Id(())),
        (b'ID ("name" "mail" "os" NIL)', c.Id(((b"name", b"mail"), (b"os", None)))),
        (b'ID ("name" {4+}\r\nmail)', c.Id(((b"name", b"mail"),))),
        (b"ID", b"Missing required argument to Id"),
        (b'ID "x"', b"Invalid parameter list in Id"),
        (b"ID FOO", b"Invalid parameter list in Id"),
        (b'ID ("name")', b"Invalid parameter list in Id"),
        (b"ID (name x)", b"Invalid parameter list in Id"),
        (b'ID ("' + b"n" * 31 + b'" NIL)', b"Invalid parameter list in Id"),
        (b'ID ("n" "' + b"v" * 1025 + b'")', b"Invalid parameter list in Id"),
        (b"ID (" + b" ".join([b'"n" NIL'] * 31) + b")", b"Invalid parameter list in Id"),
        (b"ENABLE CONDSTORE", c.Enable(("CONDSTORE",))),
        (b"ENABLE condstore X-Good", c.Enable(("CONDSTORE", "X-GOOD"))),
        (b"ENABLE IMAP4rev2 UTF8=ACCEPT", c.Enable(("IMAP4REV2", "UTF8=ACCEPT"))),
        (b"COMPRESS DEFLATE", c.Compress("DEFLATE")),
        (b"compress gzip", c.Compress("GZIP")),
        (b"COMPRESS", b"Missing required argument to Compress"),
        (b"COMPRESS DEFLATE x", b"Unexpected extra arguments to Compress"),
        (b"UNAUTHENTICATE", c.Unauthenticate()),
        (b"UNAUTHENTICATE x", b"Unexpected extra arguments to Unauthenticate"),
        (b"LANGUAGE", c.Language(())),
        (b"LANGUAGE DE", c.Language(("DE",))),
        (b'LANGUAGE FR-CA "EN-CA" {7+}\r\ndefault', c.Language(("FR-CA", "EN-CA", "default"))),
        (b"LANGUAGE ", b"Missing required argument to Language"),
        (b'LANGUAGE "\xc3\xa9"', b"Invalid argument to Language"),
        (b"COMPARATOR", c.Comparator(())),
        (b'COMPARATOR "cz;*" i;basic', c.Comparator(("cz;*", "i;basic"))),
        (b"COMPARATOR (x)", b"Invalid argument to Comparator"),
        (b"ENABLE", b"Missing required argument to Enable"),
        (b"ENABLE ", b"Missing required argument to Enable"),
        (b"ENABLE (CONDSTORE)", b"Invalid argument to Enable"),
    ],
)
def test_commands_of_any_user(parse: Parse, text: bytes, expected: object) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"STARTTLS", c.StartTls()),
        (b"LOGIN ann sesame", c.Login(b"ann", b"sesame")),
        (b'LOGIN "ann" "s e\\"s\\\\"', c.Login(b"ann", b's e"s\\')),
        (b"LOGIN {3+}\r\nann {6+}\r\nses\r\nm", c.Login(b"ann", b"ses\r\nm")),
        (b"LOGIN ann pass%word*", c.Login(b"ann", b"pass%word*")),
        (b"LOGIN ann ]x[", c.Login(b"ann", b"]x[")),
        (b'LOGIN ann ""', c.Login(b"ann", b"")),
        (b"LOGIN", b"Missing required argument to Login"),
        (b"LOGIN ann", b"Missing required argument to Login"),
        (b"LOGIN ann ", b"Missing required argument to Login"),
        (b"LOGIN  ann x", b"Invalid argument to Login"),
        (b"LOGIN ann x y", b"Unexpected extra arguments to Login"),
        (b'LOGIN "ann x', b"Invalid argument to Login"),
        (b'LOGIN "an\\n" x', b"Invalid argument to Login"),
        (b"LOGIN {3+}\r\na\0n x", b"Invalid literal: NUL in it"),
        (b"LOGIN a{3+}\r\nann x", b"Invalid argument to Login"),
        (b"AUTHENTICATE plain", c.Authenticate("PLAIN", None)),
        (b"AUTHENTICATE PLAIN AGFubgBzZXNhbWU=", c.Authenticate("PLAIN", b"AGFubgBzZXNhbWU=")),
        (b"AUTHENTICATE EXTERNAL =", c.Authenticate("EXTERNAL", b"=")),
        (b"AUTHENTICATE PLAIN !!!", c.Authenticate("PLAIN", b"!!!")),
        (b"AUTHENTICATE", b"Missing required argument to Authenticate"),
        # Of mutt, where the mechanism leaves the first word to the server.
        (b"AUTHENTICATE CRAM-MD5 ", c.Authenticate("CRAM-MD5", None)),
        (b"AUTHENTICATE CRAM-MD5  ", b"Invalid argument to Authenticate"),
        (b"AUTHENTICATE PLAIN x y", b"Unexpected extra arguments to Authenticate"),
    ],
)
def test_commands_before_login(parse: Parse, text: bytes, expected: object) -> None:
    assert parse(text, state=State.NOT_AUTHENTICATED) == expected


def test_secrets_are_not_in_the_form_for_logs() -> None:
    assert "sesame" not in repr(c.Login(b"ann", b"sesame"))
    assert "sesame" not in repr(c.Authenticate("PLAIN", b"sesame"))
