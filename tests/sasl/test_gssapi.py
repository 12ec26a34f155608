import pytest
from tests.sasl.exchanges import Answers, FakeAcceptor, FakeInitiator, ask, begin_server, client_setting, converse

from angarium.errors import ClientExchangeFailed
from angarium.sasl import (
    Challenge,
    Failed,
    FailureReason,
    GssProgress,
    GssRefused,
    GssTokenWanted,
    GssUnwrapWanted,
    GssWrapWanted,
    Outcome,
    Proven,
    ServerMechanism,
)
from angarium.sasl.client import begin_client

ANSWERS = Answers(gss=FakeAcceptor())
OFFER = b"\x01\x00\x00\x00"


@pytest.mark.parametrize("rounds", [1, 3])
@pytest.mark.parametrize("initial_response", [False, True])
@pytest.mark.parametrize("authzid", [None, "bob", "ä"])
def test_tokens_go_to_and_fro_until_the_context_stands(
    rounds: int, initial_response: bool, authzid: str | None
) -> None:
    setting = client_setting(gss=FakeInitiator("alice", rounds), authzid=authzid)
    assert converse("GSSAPI", setting, ANSWERS, initial_response=initial_response) == Proven("alice", authzid)


def test_a_context_that_stands_without_a_last_token_is_gone_on_with() -> None:
    # RFC 4752 §3.2
    server = begin_server("GSSAPI")
    assert server.step(b"token") == GssTokenWanted(b"token")
    assert server.answer(GssProgress(b"", "alice")) == GssWrapWanted(OFFER)
    assert server.answer(b"wrapped") == Challenge(b"wrapped")
    assert server.step(b"chosen") == GssUnwrapWanted(b"chosen")
    assert server.answer(OFFER) == Proven("alice")


def _offered() -> ServerMechanism:
    server = begin_server("GSSAPI")
    server.step(b"token")
    server.answer(GssProgress(b"", "alice"))
    server.answer(b"wrapped")
    server.step(b"chosen")
    return server


@pytest.mark.parametrize(
    ("choice", "outcome"),
    [
        (OFFER + b"bob", Proven("alice", "bob")),
        (b"\x02\x00\x10\x00bob", Failed(FailureReason.UNSUPPORTED)),
        (b"\x05\x00\x00\x00", Failed(FailureReason.UNSUPPORTED)),
        (b"\x01\x00\x00\x01bob", Failed(FailureReason.UNSUPPORTED)),
        (b"\x01\x00\x00", Failed(FailureReason.MALFORMED)),
        (b"", Failed(FailureReason.MALFORMED)),
        (OFFER + b"bob\x00", Failed(FailureReason.NUL)),
        (OFFER + b"\xff", Failed(FailureReason.NOT_UTF8)),
    ],
)
def test_choices(choice: bytes, outcome: Outcome) -> None:
    assert _offered().answer(choice) == outcome


def test_a_context_that_refuses_ends_the_exchange() -> None:
    for server in (begin_server("GSSAPI"), _offered()):
        server.step(b"token")
        assert server.answer(GssRefused("expired")) == Failed(FailureReason.WRONG_PROOF)


def test_answers_that_are_out_of_place_are_refused() -> None:
    assert begin_server("GSSAPI").step(b"") == Failed(FailureReason.MALFORMED)
    assert begin_server("GSSAPI").step(b"x" * 20_000) == Failed(FailureReason.TOO_LONG)
    server = begin_server("GSSAPI")
    assert isinstance(ask(server, server.step(b"1/1:alice"), ANSWERS), Challenge)
    assert server.step(b"something") == Failed(FailureReason.MALFORMED)


@pytest.mark.parametrize(
    "offer",
    [b"s\x01\x00\x00", b"s\x02\x00\x10\x00", b"s\x01\x00\x10\x00", b"s\x01\x00\x00\x00\x00", b"x\x01\x00\x00\x00"],
)
def test_the_client_refuses_offers(offer: bytes) -> None:
    client = begin_client("GSSAPI", client_setting(gss=FakeInitiator("alice", 0)))
    assert client.start() == b""
    with pytest.raises(ClientExchangeFailed):
        client.step(offer)


def test_the_client_takes_no_layer_of_several() -> None:
    client = begin_client("GSSAPI", client_setting(gss=FakeInitiator("alice", 0)))
    client.start()
    assert client.step(b"s\x07\x00\x10\x00") == b"c\x01\x00\x00\x00"
    client.succeed()
    with pytest.raises(ClientExchangeFailed):
        client.step(b"more")


def test_the_client_believes_no_server_before_the_end() -> None:
    client = begin_client("GSSAPI", client_setting(gss=FakeInitiator("alice")))
    client.start()
    with pytest.raises(ClientExchangeFailed):
        client.succeed()
    with pytest.raises(ClientExchangeFailed):
        client.step(b"nonsense")
