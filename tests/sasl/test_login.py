import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.sasl import Challenge, CredentialsWanted, Failed, FailureReason
from angarium.sasl.login import LoginServer


@pytest.mark.parametrize("prompted", [True, False])
def test_name_and_password_are_asked_for_in_turn(prompted: bool) -> None:
    server = LoginServer()
    if prompted:
        assert server.step(None) == Challenge(b"Username:")
    assert server.step("jürgen".encode()) == Challenge(b"Password:")
    assert server.step(b"open sesame") == CredentialsWanted("jürgen", "open sesame")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (b"", FailureReason.EMPTY_AUTHCID),
        (b"a\x00", FailureReason.NUL),
        (b"\xff", FailureReason.NOT_UTF8),
        (b"x" * 1025, FailureReason.TOO_LONG),
    ],
)
def test_name_that_cannot_be_one_ends_the_exchange(name: bytes, reason: FailureReason) -> None:
    assert LoginServer().step(name) == Failed(reason)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        (b"", FailureReason.EMPTY_PASSWORD),
        (b"a\x00", FailureReason.NUL),
        (b"\xff", FailureReason.NOT_UTF8),
        (b"x" * 1025, FailureReason.TOO_LONG),
    ],
)
def test_password_that_cannot_be_one_ends_the_exchange(password: bytes, reason: FailureReason) -> None:
    server = LoginServer()
    server.step(b"tim")
    assert server.step(password) == Failed(reason)


@given(st.binary(), st.binary())
def test_any_two_responses_end_the_exchange(first: bytes, second: bytes) -> None:
    server = LoginServer()
    if server.step(first) == Challenge(b"Password:"):
        assert isinstance(server.step(second), CredentialsWanted | Failed)
