import asyncio

import pytest

from angarium.auth import CredentialStamp, KnownSecret, PasswordLogin
from angarium.auth.auxprop import AuxpropVerifier
from angarium.auth.fairturns import NOBODY, Claimant
from angarium.errors import AuthenticationUnavailable
from angarium.names import UserId


class Source:
    name = "known"

    async def secret(self, userid: UserId, realm: str, _: Claimant = NOBODY) -> KnownSecret | None:
        assert realm == ""
        if userid.localpart == "away":
            raise AuthenticationUnavailable("away")
        found = {"alice": "secret", "wide": "I\u00adX", "empty": ""}.get(userid.localpart)
        return KnownSecret(found, CredentialStamp(str(userid), 3)) if found is not None else None


def verify(name: str, password: str) -> CredentialStamp | None:
    return asyncio.run(AuxpropVerifier(Source()).verify(PasswordLogin(UserId(name), name, password, "imap")))


@pytest.mark.parametrize(
    ("name", "password", "right"),
    [
        ("alice", "secret", True),
        ("alice", "Secret", False),
        ("alice", "", False),
        ("alice", "\ud800", False),
        # RFC 4013 §2.1: a soft hyphen is mapped to nothing.
        ("wide", "IX", True),
        ("nobody", "secret", False),
        ("empty", "", False),
    ],
)
def test_passwords_are_compared_as_they_are_prepared(name: str, password: str, right: bool) -> None:
    assert verify(name, password) == (CredentialStamp(name, 3) if right else None)


def test_a_source_that_is_away_is_a_temporary_failure() -> None:
    with pytest.raises(AuthenticationUnavailable):
        verify("away", "secret")


def test_its_name_tells_the_source() -> None:
    assert AuxpropVerifier(Source()).name == "auxprop:known"
