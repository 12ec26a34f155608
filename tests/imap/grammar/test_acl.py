"""ACL commands."""

from collections.abc import Callable

import pytest

from angarium.imap import commands as c

Parse = Callable[..., object]
M = c.RightsMode


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"GETACL INBOX", c.GetAcl(b"INBOX")),
        (b"MYRIGHTS INBOX", c.MyRights(b"INBOX")),
        (b"LISTRIGHTS Sent bob", c.ListRights(b"Sent", b"bob")),
        (b'DELETEACL Sent "-bob"', c.DeleteAcl(b"Sent", b"-bob")),
        (b"SETACL Sent bob lrs", c.SetAcl(b"Sent", b"bob", M.REPLACE, b"lrs")),
        (b"SETACL Sent bob +w", c.SetAcl(b"Sent", b"bob", M.ADD, b"w")),
        (b"SETACL Sent -bob -s", c.SetAcl(b"Sent", b"-bob", M.REMOVE, b"s")),
        (b'SETACL Sent bob ""', c.SetAcl(b"Sent", b"bob", M.REPLACE, b"")),
        (b"SETACL Sent bob +", c.SetAcl(b"Sent", b"bob", M.ADD, b"")),
        (b"SETACL Sent bob", b"Missing required argument to Setacl"),
        (b"SETACL Sent bob l r", b"Unexpected extra arguments to Setacl"),
        (b"GETACL", b"Missing required argument to Getacl"),
        (b"LISTRIGHTS Sent", b"Missing required argument to Listrights"),
        (b"DELETEACL Sent", b"Missing required argument to Deleteacl"),
        (b"MYRIGHTS a b", b"Unexpected extra arguments to Myrights"),
    ],
)
def test_acl_commands(parse: Parse, text: bytes, expected: object) -> None:
    assert parse(text) == expected
