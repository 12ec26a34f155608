import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sasl.exchanges import Answers, ask, begin_server, client_setting, converse

from angarium.errors import ClientExchangeFailed
from angarium.sasl import Challenge, Failed, FailureReason, Outcome, Proven, TokenRefused, TokenWanted
from angarium.sasl.client import begin_client

TOKEN = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
ANSWERS = Answers(tokens={TOKEN: "user@example.com"})
MALFORMED = Failed(FailureReason.MALFORMED)


def test_the_dialogue_of_the_standard_is_spoken() -> None:
    # RFC 7628 §4.1
    message = f"n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer {TOKEN}\x01\x01".encode()
    server = begin_server("OAUTHBEARER")
    assert server.step(None) == Challenge(b"")
    assert server.step(message) == TokenWanted(TOKEN, "user@example.com")
    assert ask(server, server.step(message), ANSWERS) == Proven("user@example.com", "user@example.com")


@pytest.mark.parametrize("last", [b"\x01", b"", b"anything"])
def test_who_asks_without_a_token_is_told_what_is_needed(last: bytes) -> None:
    # RFC 7628 §4.3
    server = begin_server("OAUTHBEARER")
    asked = server.step(b"n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=\x01\x01")
    assert asked == TokenWanted("", "user@example.com")
    refused = TokenRefused(scope="example_scope", openid_configuration="https://example.com/.well-known/openid-config")
    challenge = server.answer(refused)
    assert isinstance(challenge, Challenge)
    assert json.loads(challenge.data) == {
        "status": "invalid_token",
        "scope": "example_scope",
        "openid-configuration": "https://example.com/.well-known/openid-config",
    }
    assert server.step(last) == Failed(FailureReason.WRONG_PROOF)


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        (b"n,,\x01auth=Bearer abc\x01\x01", TokenWanted("abc")),
        (b"y,,\x01auth=bEARER  abc\x01\x01", TokenWanted("abc")),
        (b"n,,\x01auth=Bearer abc\x01unknown=x y\r\n\x01\x01", TokenWanted("abc")),
        (b"n,a=a=2Cb,\x01auth=Bearer a.b-c_d~e+f/g=\x01\x01", TokenWanted("a.b-c_d~e+f/g=", "a,b")),
        (b"n,,\x01auth=Basic abc\x01\x01", TokenWanted("")),
        (b"n,,\x01auth=Bearer a b\x01\x01", TokenWanted("")),
        (b"n,,\x01\x01", TokenWanted("")),
        (b"p=tls-exporter,,\x01auth=Bearer abc\x01\x01", Failed(FailureReason.UNSUPPORTED)),
        (b"\x01", MALFORMED),
        (b"", MALFORMED),
        (b"n,,", MALFORMED),
        (b"n,,\x01", MALFORMED),
        (b"n,,auth=Bearer abc\x01\x01", MALFORMED),
        (b"n,,\x01auth=Bearer abc\x01", MALFORMED),
        (b"n,,\x01auth=Bearer abc", MALFORMED),
        (b"n,,\x01auth\x01\x01", MALFORMED),
        (b"n,,\x01a1=x\x01\x01", MALFORMED),
        (b"n,,\x01auth=Bearer \xff\x01\x01", MALFORMED),
        (b"n,a=\xff,\x01auth=Bearer abc\x01\x01", Failed(FailureReason.NOT_UTF8)),
        (b"n,,\x01auth=Bearer " + b"a" * 20_000 + b"\x01\x01", Failed(FailureReason.TOO_LONG)),
    ],
)
def test_messages(message: bytes, outcome: Outcome) -> None:
    assert begin_server("OAUTHBEARER").step(message) == outcome


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        (b"user=alice\x01auth=Bearer abc\x01\x01", TokenWanted("abc", "alice")),
        (b"user=\x01auth=Bearer abc\x01\x01", TokenWanted("abc")),
        (b"user=alice\x01\x01", TokenWanted("", "alice")),
        (b"auth=Bearer abc\x01user=alice\x01\x01", MALFORMED),
        (b"user=alice", MALFORMED),
        (b"user=\xff\x01auth=Bearer abc\x01\x01", Failed(FailureReason.NOT_UTF8)),
        (b"n,,\x01auth=Bearer abc\x01\x01", MALFORMED),
    ],
)
def test_messages_of_xoauth2(message: bytes, outcome: Outcome) -> None:
    assert begin_server("XOAUTH2").step(message) == outcome


@pytest.mark.parametrize("name", ["OAUTHBEARER", "XOAUTH2"])
@pytest.mark.parametrize("initial_response", [False, True])
def test_a_token_proves_its_user(name: str, initial_response: bool) -> None:
    setting = client_setting(authcid="user@example.com", token=TOKEN)
    ended = converse(name, setting, ANSWERS, initial_response=initial_response)
    assert ended == Proven("user@example.com", "user@example.com")


@pytest.mark.parametrize("name", ["OAUTHBEARER", "XOAUTH2"])
def test_a_token_that_does_not_hold_is_refused(name: str) -> None:
    assert converse(name, client_setting(token="x"), ANSWERS) == Failed(FailureReason.WRONG_PROOF)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00\x01"), min_size=1, max_size=30))
def test_any_name_does(authzid: str) -> None:
    for name in ("OAUTHBEARER", "XOAUTH2"):
        ended = converse(name, client_setting(authzid=authzid, token=TOKEN), ANSWERS)
        assert ended == Proven("user@example.com", authzid)


def test_the_client_keeps_what_the_server_says_of_a_token() -> None:
    client = begin_client("OAUTHBEARER", client_setting(token="x"))
    assert client.step(b'{"status":"invalid_token","scope":"mail"}') == b"\x01"
    with pytest.raises(ClientExchangeFailed):
        client.succeed()
    xoauth2 = begin_client("XOAUTH2", client_setting(token="x"))
    assert xoauth2.step(b'{"status":"401"}') == b""


@pytest.mark.parametrize("challenge", [b"", b"no json", b"[]", b"{}", b"[" * 100_000])
def test_the_client_refuses_errors_that_say_nothing(challenge: bytes) -> None:
    client = begin_client("OAUTHBEARER", client_setting(token="x"))
    with pytest.raises(ClientExchangeFailed):
        client.step(challenge)


def test_tokens_are_not_printed() -> None:
    assert "abc" not in repr(TokenWanted("abc"))
    assert "abc" not in repr(client_setting(token="abc"))
