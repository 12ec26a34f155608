import asyncio

import pytest

from angarium.auth import PasswordLogin
from angarium.auth.alwaystrue import AlwaysTrueVerifier
from angarium.names import UserId


@pytest.mark.parametrize(
    ("address", "password", "right"),
    [
        ("", "x", True),
        ("127.0.0.1", "x", True),
        ("127.1.2.3", "x", True),
        ("::1", "x", True),
        ("::1", "", False),
        ("192.0.2.1", "x", False),
        ("10.0.0.1", "x", False),
        ("2001:db8::1", "x", False),
        ("localhost", "x", False),
    ],
)
def test_any_password_is_right_on_this_machine_only(address: str, password: str, right: bool) -> None:
    login = PasswordLogin(UserId("alice"), "alice", password, "imap", address)
    assert (asyncio.run(AlwaysTrueVerifier().verify(login)) is not None) is right
