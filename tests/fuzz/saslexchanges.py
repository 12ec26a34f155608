"""What clients say to a server of SASL, and servers to a client."""

from typing import Final

from tests.sasl.exchanges import (
    BINDINGS,
    Answers,
    FakeAcceptor,
    FakeInitiator,
    ask,
    begin_server,
    client_setting,
    keys_of,
    server_setting,
)

from angarium.errors import ClientExchangeFailed
from angarium.sasl import MECHANISMS, Answer, Challenge, Ended, KeysWanted, Proven, Question, ScramHash
from angarium.sasl.client import CLIENT_MECHANISMS, begin_client

_END: Final = b"\n\n"
_NAMES: Final = list(MECHANISMS)
_CLIENTS: Final = 0x80
_WITHOUT_PROOF: Final = ("GSSAPI", "OAUTHBEARER", "XOAUTH2")
"""In which the answers here prove everything."""

_DIGEST_RESPONSE: Final = (
    b'username="alice",realm="x",nonce="server0",cnonce="c",nc=00000001,qop=auth,charset=utf-8,digest-uri="imap/x",'
    b'response=00000000000000000000000000000000,authzid="bob"'
)

SEEDS: Final = [
    *[
        bytes([number]) + message
        for number, message in (
            (0, b"boss\0alice\0secret"),
            (1, b"alice\n\nsecret"),
            (2, b"\n\nalice 00000000000000000000000000000000"),
            (3, b"\n\n" + _DIGEST_RESPONSE),
            (4, b"n,a=bob,n=alice,r=abc\n\nc=bixhPWJvYiw=,r=abcserver0,p=AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
            (8, b"p=tls-exporter,,n=a=2Clice,r=abc\n\nc=cD10bHMtZXhwb3J0ZXIsLA==,r=abcserver0,p=AAAA"),
            (10, b"1/1:alice\n\n\n\nc\x01\x00\x00\x00bob"),
            (11, b"fred@example.com"),
            (12, b"n,a=alice,\x01host=x\x01port=143\x01auth=Bearer token\x01\x01"),
            (13, b"user=alice\x01auth=Bearer wrong\x01\x01\n\n\x01"),
            (14, b"sirhc"),
        )
    ],
    *[
        bytes([number | _CLIENTS]) + message
        for number, message in (
            (3, b'nonce="x",realm="y",qop="auth",charset=utf-8,algorithm=md5-sess\n\nrspauth=00'),
            (4, b"r=client0abc,s=c2FsdA==,i=4096\n\nv=AAAA"),
            (10, b"more\n\ndone\n\ns\x01\x00\x00\x00"),
            (12, b'{"status":"invalid_token","scope":"mail"}'),
        )
    ],
]
"""The first octet is the mechanism, and whose side is tried; messages follow."""
WORDS: Final = [
    *(_END, b",", b"=", b'"', b"\\", b"\0", b"\x01", b"\xff", b"\xc3\xa4", b" ", b"@"),
    *(b"n,,", b"y,,", b"p=", b"a=", b"n=", b"r=", b"c=", b"p=", b"m=", b"s=", b"i=", b"v=", b"e=", b"=2C", b"=3D"),
    *(b"biws", b"server0", b"client0", b"alice", b"auth=Bearer ", b"user=", b"host=", b"token", b"1/2:", b"done"),
    *(b"username=", b"realm=", b"nonce=", b"cnonce=", b"nc=00000001", b"digest-uri=", b"response=", b"charset=utf-8"),
]
_KEYS: Final = {each: keys_of("secret", each) for each in ScramHash}


class _QuickAnswers(Answers):
    """Keys are derived once."""

    def answer(self, question: Question) -> Answer:
        return _KEYS[question.hash] if isinstance(question, KeysWanted) else super().answer(question)


def run(data: bytes) -> None:
    """Any messages have an outcome, and nobody comes in without a password."""
    if not data:
        return
    name = _NAMES[(data[0] & ~_CLIENTS) % len(_NAMES)]
    messages = data[1:].split(_END)
    if data[0] & _CLIENTS:
        _run_client(name, messages)
    else:
        _run_server(name, messages)


def _run_server(name: str, messages: list[bytes]) -> None:
    server = begin_server(name, server_setting(bindings=BINDINGS, announces_plus=True))
    answers = _QuickAnswers({"alice": "secret"}, {"token": "alice"}, FakeAcceptor())
    # A server that speaks first has nothing to answer.
    outcome = ask(server, server.step(messages[0] or None), answers)
    for message in messages[1:]:
        if not isinstance(outcome, Challenge):
            break
        outcome = ask(server, server.step(message), answers)
    assert isinstance(outcome, Challenge | Ended)
    assert not isinstance(outcome, Proven) or name in _WITHOUT_PROOF


def _run_client(name: str, messages: list[bytes]) -> None:
    assert name in CLIENT_MECHANISMS
    setting = client_setting(
        bindings=BINDINGS, token="token", gss=FakeInitiator("alice", 2), trace="alice", certificate=True
    )
    client = begin_client(name, setting)
    client.start()
    try:
        for message in messages:
            assert isinstance(client.step(message), bytes)
        client.succeed()
    except ClientExchangeFailed:
        pass
