import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sasl.exchanges import Answers, FakeAcceptor, ask, begin_server, server_setting

from angarium.sasl import MECHANISMS, Challenge, Ended, Needs, find_mechanism

SERVER_FIRST = {"LOGIN", "CRAM-MD5", "DIGEST-MD5"}


def test_mechanisms_are_announced_in_this_order() -> None:
    assert list(MECHANISMS) == [
        "PLAIN",
        "LOGIN",
        "CRAM-MD5",
        "DIGEST-MD5",
        "SCRAM-SHA-1",
        "SCRAM-SHA-256",
        "SCRAM-SHA-512",
        "SCRAM-SHA-1-PLUS",
        "SCRAM-SHA-256-PLUS",
        "SCRAM-SHA-512-PLUS",
        "GSSAPI",
        "EXTERNAL",
        "OAUTHBEARER",
        "XOAUTH2",
        "ANONYMOUS",
    ]


@pytest.mark.parametrize("name", ["PLAIN", "plain", "Login", "scram-sha-256-plus"])
def test_mechanism_is_found_in_any_case(name: str) -> None:
    mechanism = find_mechanism(name)
    assert mechanism is not None
    assert mechanism.name == name.upper()


@pytest.mark.parametrize("name", ["", "FOO", "PLAIN ", "plaın"])
def test_unknown_mechanism_is_not_found(name: str) -> None:
    assert find_mechanism(name) is None


def test_passwords_and_tokens_cross_the_wire_in_four_of_them() -> None:
    assert {name for name, each in MECHANISMS.items() if each.plaintext} == {"PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2"}


def test_plus_needs_keys_and_a_binding() -> None:
    assert MECHANISMS["SCRAM-SHA-1-PLUS"].needs == Needs.KEYS | Needs.BINDING
    assert MECHANISMS["SCRAM-SHA-1"].needs == Needs.KEYS


@pytest.mark.parametrize("name", list(MECHANISMS))
def test_each_start_is_an_exchange_of_its_own(name: str) -> None:
    first, second = begin_server(name), begin_server(name)
    assert first is not second
    challenge = first.step(None)
    assert isinstance(challenge, Challenge)
    assert bool(challenge.data) is (name in SERVER_FIRST)


PIECES = st.sampled_from(
    [
        b"n,,",
        b"y,a=boss,",
        b"p=tls-exporter,,",
        b"n=alice,r=abc",
        b"m=1,",
        b"c=biws,r=abcserver0,p=AAAA",
        b",",
        b"=",
        b"alice " + b"0" * 32,
        b"\x01auth=Bearer token\x01\x01",
        b"user=alice",
        b"\x00",
        b'username="alice",nonce="server0",cnonce="x",nc=00000001,digest-uri="imap/x",response=' + b"0" * 32,
        b'realm="',
        b"1/1:alice",
        b"c\x01\x00\x00\x00bob",
        b"\xff",
    ]
)
MESSAGES = st.one_of(st.binary(max_size=40), st.lists(PIECES, max_size=4).map(b"".join))


@pytest.mark.parametrize("name", list(MECHANISMS))
@settings(max_examples=60, deadline=None)
@given(first=st.none() | MESSAGES, messages=st.lists(MESSAGES, max_size=5))
def test_any_messages_have_an_outcome(name: str, first: bytes | None, messages: list[bytes]) -> None:
    setting = server_setting(bindings={"tls-exporter": b"x"})
    server = begin_server(name, setting)
    answers = Answers({"alice": "secret"}, {"token": "alice"}, FakeAcceptor())
    outcome = ask(server, server.step(first), answers)
    for message in messages:
        if not isinstance(outcome, Challenge):
            break
        outcome = ask(server, server.step(message), answers)
    assert isinstance(outcome, Challenge | Ended)
