"""QUOTA commands."""

from collections.abc import Callable

import pytest

from angarium.imap import commands as c

Parse = Callable[..., object]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"GETQUOTA user/ann", c.GetQuota(b"user/ann")),
        (b'GETQUOTA ""', c.GetQuota(b"")),
        (b"GETQUOTAROOT INBOX", c.GetQuotaRoot(b"INBOX")),
        (b"SETQUOTA user/ann (STORAGE 10)", c.SetQuota(b"user/ann", (("STORAGE", 10),))),
        (b'SETQUOTA "" (storage 10 MESSAGE 5)', c.SetQuota(b"", (("STORAGE", 10), ("MESSAGE", 5)))),
        (b"SETQUOTA user/ann ()", c.SetQuota(b"user/ann", ())),
        (b"SETQUOTA user/ann (X-FOO 1)", c.SetQuota(b"user/ann", (("X-FOO", 1),))),
        (b"GETQUOTA", b"Missing required argument to Getquota"),
        (b"GETQUOTAROOT", b"Missing required argument to Getquotaroot"),
        (b"SETQUOTA user/ann", b"Missing required argument to Setquota"),
        (b"SETQUOTA user/ann (STORAGE -5)", b"Invalid quota list in Setquota"),
        (b"SETQUOTA user/ann (STORAGE abc)", b"Invalid quota list in Setquota"),
        (b"SETQUOTA user/ann STORAGE 8", b"Invalid quota list in Setquota"),
        (b"SETQUOTA user/ann (STORAGE 99999999999999999999)", b"Invalid quota list in Setquota"),
        (b"SETQUOTA user/ann (STORAGE", b"Missing required argument to Setquota"),
        (b"SETQUOTA user/ann () x", b"Unexpected extra arguments to Setquota"),
    ],
)
def test_quota_commands(parse: Parse, text: bytes, expected: object) -> None:
    assert parse(text) == expected
