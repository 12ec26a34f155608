import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sasl.exchanges import BINDINGS, Answers, client_setting, converse

from angarium.errors import ClientExchangeFailed
from angarium.sasl import Proven
from angarium.sasl.client import ClientMechanism, begin_client

CHALLENGE = b"r=client0server,s=c2FsdA==,i=4096"


def _begun(name: str = "SCRAM-SHA-256") -> ClientMechanism:
    client = begin_client(name, client_setting())
    assert client.start() == b"n,,n=alice,r=client0"
    return client


@pytest.mark.parametrize(
    ("bindings", "announced", "name", "start"),
    [
        ({}, ("SCRAM-SHA-1",), "SCRAM-SHA-1", b"n,,"),
        ({}, ("SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"), "SCRAM-SHA-1", b"n,,"),
        (BINDINGS, ("SCRAM-SHA-1",), "SCRAM-SHA-1", b"y,,"),
        (BINDINGS, ("SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"), "SCRAM-SHA-1", b"n,,"),
        (BINDINGS, (), "SCRAM-SHA-1", b"n,,"),
        (BINDINGS, ("SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"), "SCRAM-SHA-1-PLUS", b"p=tls-exporter,,"),
    ],
)
def test_the_flag_says_whether_somebody_keeps_the_binding_away(
    bindings: dict[str, bytes], announced: tuple[str, ...], name: str, start: bytes
) -> None:
    # RFC 5802 §6
    first = begin_client(name, client_setting(bindings=bindings, announced=announced)).start()
    assert first == start + b"n=alice,r=client0"


def test_names_are_prepared_and_escaped() -> None:
    client = begin_client("SCRAM-SHA-1", client_setting(authcid="a,=\u00ad\u2168", authzid="b,"))
    assert client.start() == b"n,a=b=2C,n=a=2C=3DIX,r=client0"
    with pytest.raises(ClientExchangeFailed):
        begin_client("SCRAM-SHA-1", client_setting(authcid="\x07"))


@pytest.mark.parametrize(
    "challenge",
    [
        b"",
        b"e=other-error",
        b"r=client0,s=c2FsdA==,i=4096",
        b"r=client1server,s=c2FsdA==,i=4096",
        b"r=server,s=c2FsdA==,i=4096",
        b"r=client0server,s=c2FsdA==,i=4095",
        b"r=client0server,s=c2FsdA==,i=99999999999",
        b"r=client0server,s=c2FsdA==,i=10000001",
        b"r=client0server,s=c2FsdA==,i=04096",
        b"r=client0server,s=c2FsdA==",
        b"r=client0server,s=c2Fsd,i=4096",
        b"s=c2FsdA==,r=client0server,i=4096",
        b"m=1,r=client0server,s=c2FsdA==,i=4096",
        b"r=client0server,s=c2FsdA==,i=4096,m=1",
    ],
)
def test_what_a_server_may_not_say_is_refused(challenge: bytes) -> None:
    with pytest.raises(ClientExchangeFailed):
        _begun().step(challenge)


def test_extensions_are_passed_over() -> None:
    assert _begun().step(CHALLENGE + b",x=1").startswith(b"c=biws,r=client0server,p=")


@pytest.mark.parametrize(
    "final", [None, b"", b"v=", b"v=AAAA", b"v=" + base64.b64encode(bytes(32)), b"e=invalid-proof"]
)
def test_no_server_is_believed_without_its_signature(final: bytes | None) -> None:
    client = _begun()
    client.step(CHALLENGE)
    with pytest.raises(ClientExchangeFailed):
        client.succeed(final)
    with pytest.raises(ClientExchangeFailed):
        client.step(final or b"")


def test_success_before_the_end_is_not_believed() -> None:
    with pytest.raises(ClientExchangeFailed):
        _begun().succeed(None)
    with pytest.raises(ClientExchangeFailed):
        _begun().succeed(b"v=AAAA")


TEXTS = st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126), min_size=1, max_size=30)


@settings(max_examples=20, deadline=None)
@given(TEXTS, TEXTS, st.none() | TEXTS)
def test_any_name_and_password_do(authcid: str, password: str, authzid: str | None) -> None:
    setting = client_setting(authcid=authcid, password=password, authzid=authzid, bindings=BINDINGS)
    for name in ("SCRAM-SHA-1", "SCRAM-SHA-256-PLUS"):
        ended = converse(name, setting, Answers({authcid: password}))
        assert isinstance(ended, Proven)
        assert (ended.authcid, ended.authzid) == (authcid, authzid)
