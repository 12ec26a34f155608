"""What becomes of PAM's return codes; PAM itself is asked in tests/master."""

import asyncio
import logging

import pytest

from angarium.auth import CredentialStamp, PasswordLogin
from angarium.auth.boundedcalls import BoundedCalls
from angarium.auth.pam import TEXT_OCTETS_MAX, PamVerifier
from angarium.errors import AuthenticationUnavailable, StoreBusy
from angarium.names import UserId


class Asker:
    def __init__(self, code: int) -> None:
        self._code = code
        self.asked: list[tuple[str, str, str, str]] = []

    async def check_pam(self, service: str, user: str, password: str, address: str) -> int:
        self.asked.append((service, user, password, address))
        if self._code < 0:
            raise StoreBusy("too many")
        return self._code


def login(name: str = "alice", password: str = "secret") -> PasswordLogin:
    return PasswordLogin(UserId(name, "example.org"), name, password, "pop", "192.0.2.1")


def verify(asker: Asker, wanted: PasswordLogin) -> CredentialStamp | None:
    async def check() -> CredentialStamp | None:
        return await PamVerifier(asker).verify(wanted)

    return asyncio.run(check())


def test_pam_is_asked_for_the_service_with_the_whole_name_and_the_address() -> None:
    asker = Asker(0)
    assert verify(asker, login()) == CredentialStamp("alice@example.org")
    assert asker.asked == [("pop", "alice@example.org", "secret", "192.0.2.1")]


@pytest.mark.parametrize("code", [6, 7, 10, 11, 12, 13, 27])
def test_some_codes_refuse(code: int) -> None:
    assert verify(Asker(code), login()) is None


@pytest.mark.parametrize("code", [-1, 1, 2, 3, 4, 5, 8, 9, 14, 19, 25, 26, 28, 99, 255])
def test_all_others_are_temporary_failures(code: int) -> None:
    with pytest.raises(AuthenticationUnavailable):
        verify(Asker(code), login())


@pytest.mark.parametrize("code", [12, 13, 27])
def test_an_account_that_has_expired_is_told_of(code: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    verify(Asker(code), login())
    assert [record.getMessage() for record in caplog.records] == ["account_expired"]


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("alice", ""),
        ("alice", "a\0b"),
        ("a\0b", "x"),
        ("alice ", "x"),
        ("alice", "x" * (TEXT_OCTETS_MAX + 1)),
        ("alice", "é" * 256),
    ],
)
def test_what_pam_cannot_be_asked_is_wrong(name: str, password: str) -> None:
    asker = Asker(0)
    assert verify(asker, login(name, password)) is None
    assert asker.asked == []


def test_silence_is_a_temporary_failure() -> None:
    class Silent(Asker):
        async def check_pam(self, service: str, user: str, password: str, address: str) -> int:
            await asyncio.Event().wait()
            return 0

    async def check() -> None:
        with pytest.raises(AuthenticationUnavailable):
            await PamVerifier(Silent(0), BoundedCalls(timeout_s=0.01)).verify(login())

    asyncio.run(check())
