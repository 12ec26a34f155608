"""CANCELUPDATE."""

from collections.abc import Callable

import pytest

from angarium.imap import commands as c

Parse = Callable[..., object]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'CANCELUPDATE "B02"', c.CancelUpdate((b"B02",))),
        (b'cancelupdate "B02" "B 03"', c.CancelUpdate((b"B02", b"B 03"))),
        (b"CANCELUPDATE", b"Missing required argument to Cancelupdate"),
        (b"CANCELUPDATE B02", b"Invalid argument to Cancelupdate"),
        (b'CANCELUPDATE "B02" ', b"Missing required argument to Cancelupdate"),
        (b'CANCELUPDATE "B02"x', b"Unexpected extra arguments to Cancelupdate"),
    ],
)
def test_cancelupdate(parse: Parse, text: bytes, expected: object) -> None:
    assert parse(text) == expected
