import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sasl.exchanges import Answers, ask, begin_server, client_setting, converse, server_setting

from angarium.sasl import Challenge, Failed, FailureReason, Outcome, Proven, SecretWanted

ANSWERS = Answers({"alice": "secret", "alice in space": "x" * 100})
DIGEST = b"0" * 32


def test_the_dialogue_of_the_standard_is_spoken() -> None:
    # RFC 2195 §2
    setting = server_setting(nonce=lambda: "1896.697170952", host="postoffice.reston.mci.net")
    server = begin_server("CRAM-MD5", setting)
    assert server.step(None) == Challenge(b"<1896.697170952@postoffice.reston.mci.net>")
    assert server.step(b"tim b913a602c7eda7a495b4e6e7334d3890") == SecretWanted("tim")
    assert server.answer("tanstaaftanstaaf") == Proven("tim")


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        (b"alice " + DIGEST, SecretWanted("alice")),
        (b"alice in space " + DIGEST, SecretWanted("alice in space")),
        (b"alice", Failed(FailureReason.MALFORMED)),
        (b"", Failed(FailureReason.MALFORMED)),
        (DIGEST, Failed(FailureReason.EMPTY_AUTHCID)),
        (b" " + DIGEST, Failed(FailureReason.EMPTY_AUTHCID)),
        (b"alice " + DIGEST[1:], Failed(FailureReason.MALFORMED)),
        (b"alice " + DIGEST + b"0", Failed(FailureReason.MALFORMED)),
        (b"alice " + b"F" * 32, Failed(FailureReason.MALFORMED)),
        (b"al\x00ice " + DIGEST, Failed(FailureReason.NUL)),
        (b"\xff " + DIGEST, Failed(FailureReason.NOT_UTF8)),
        (b"a" * 1025 + b" " + DIGEST, Failed(FailureReason.TOO_LONG)),
    ],
)
def test_responses(response: bytes, outcome: Outcome) -> None:
    server = begin_server("CRAM-MD5")
    server.step(None)
    assert server.step(response) == outcome


def test_the_server_speaks_first() -> None:
    assert begin_server("CRAM-MD5").step(b"alice " + DIGEST) == Failed(FailureReason.MALFORMED)


def test_each_challenge_is_another() -> None:
    setting = server_setting()
    assert begin_server("CRAM-MD5", setting).step(None) != begin_server("CRAM-MD5", setting).step(None)


@pytest.mark.parametrize(
    ("authcid", "password", "outcome"),
    [
        ("alice", "secret", Proven("alice")),
        ("alice in space", "x" * 100, Proven("alice in space")),
        ("alice", "wrong", Failed(FailureReason.WRONG_PROOF)),
        ("nobody", "secret", Failed(FailureReason.WRONG_PROOF)),
        ("nobody", "", Failed(FailureReason.WRONG_PROOF)),
    ],
)
def test_the_secret_proves_the_user(authcid: str, password: str, outcome: Outcome) -> None:
    setting = client_setting(authcid=authcid, password=password or "x")
    assert converse("CRAM-MD5", setting, ANSWERS) == outcome


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=30)


@given(TEXTS, TEXTS)
def test_any_name_and_secret_do(authcid: str, password: str) -> None:
    setting = client_setting(authcid=authcid, password=password)
    assert converse("CRAM-MD5", setting, Answers({authcid: password})) == Proven(authcid)


def test_who_has_no_secret_does_not_come_in_with_an_empty_one() -> None:
    server = begin_server("CRAM-MD5", server_setting(nonce=lambda: "n", host="h"))
    server.step(None)
    # The digest of <n@h> under an empty key
    outcome = ask(server, server.step(b"nobody aa827c4941a0183943a4b05c60dd3de6"), Answers())
    assert outcome == Failed(FailureReason.WRONG_PROOF)
