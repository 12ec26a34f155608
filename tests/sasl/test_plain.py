import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.sasl import Challenge, CredentialsWanted, Failed, FailureReason, Outcome
from angarium.sasl.plain import PlainServer


def test_message_is_asked_for_with_an_empty_challenge() -> None:
    server = PlainServer()
    assert server.step(None) == Challenge(b"")
    assert server.step(b"\x00tim\x00secret") == CredentialsWanted("tim", "secret")


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        (b"\x00tim\x00secret", CredentialsWanted("tim", "secret")),
        (b"Ursel\x00Kurt\x00xipj3plmq", CredentialsWanted("Kurt", "xipj3plmq", "Ursel")),
        ("\x00ä\x00ö ü".encode(), CredentialsWanted("ä", "ö ü")),
        (b"\x00" + b"a" * 255 + b"\x00" + b"p" * 255, CredentialsWanted("a" * 255, "p" * 255)),
        (b"", Failed(FailureReason.MALFORMED)),
        (b"tim", Failed(FailureReason.MALFORMED)),
        (b"tim\x00secret", Failed(FailureReason.MALFORMED)),
        (b"\x00tim\x00sec\x00ret", Failed(FailureReason.NUL)),
        (b"\x00tim\x00secret\x00", Failed(FailureReason.NUL)),
        (b"\x00\x00secret", Failed(FailureReason.EMPTY_AUTHCID)),
        (b"boss\x00\x00secret", Failed(FailureReason.EMPTY_AUTHCID)),
        (b"\x00tim\x00", Failed(FailureReason.EMPTY_PASSWORD)),
        (b"\xff\x00tim\x00secret", Failed(FailureReason.NOT_UTF8)),
        (b"\x00t\xffm\x00secret", Failed(FailureReason.NOT_UTF8)),
        (b"\x00tim\x00\xff", Failed(FailureReason.NOT_UTF8)),
        (b"\x00tim\x00" + b"p" * 1025, Failed(FailureReason.TOO_LONG)),
        (b"\x00" * 5000, Failed(FailureReason.TOO_LONG)),
    ],
)
def test_message_as_initial_response(message: bytes, outcome: Outcome) -> None:
    assert PlainServer().step(message) == outcome


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)


@given(TEXTS, TEXTS.filter(bool), TEXTS.filter(bool))
def test_three_texts_arrive_as_they_were_sent(authzid: str, authcid: str, password: str) -> None:
    message = f"{authzid}\x00{authcid}\x00{password}".encode()
    assert PlainServer().step(message) == CredentialsWanted(authcid, password, authzid or None)


@given(st.binary(max_size=60))
def test_any_message_ends_the_exchange(message: bytes) -> None:
    assert isinstance(PlainServer().step(message), CredentialsWanted | Failed)
