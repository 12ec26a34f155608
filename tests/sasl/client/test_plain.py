import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sasl.exchanges import Answers, client_setting, converse

from angarium.errors import ClientExchangeFailed
from angarium.sasl import AnonymousWanted, CredentialsWanted
from angarium.sasl.client import begin_client

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=30)


@given(TEXTS, TEXTS, st.none() | TEXTS, st.booleans())
def test_any_name_and_password_arrive(authcid: str, password: str, authzid: str | None, initial_response: bool) -> None:
    setting = client_setting(authcid=authcid, password=password, authzid=authzid)
    wanted = CredentialsWanted(authcid, password, authzid)
    assert converse("PLAIN", setting, Answers(), initial_response=initial_response) == wanted
    assert converse("LOGIN", setting, Answers()) == CredentialsWanted(authcid, password)


def test_anonymous_leaves_a_trace() -> None:
    assert converse("ANONYMOUS", client_setting(trace="me@example.org"), Answers()) == AnonymousWanted("me@example.org")


def test_plain_sends_no_more_parts_than_there_are() -> None:
    with pytest.raises(ClientExchangeFailed):
        begin_client("PLAIN", client_setting(password="a\0b")).start()


@pytest.mark.parametrize("name", ["PLAIN", "EXTERNAL", "ANONYMOUS"])
def test_a_challenge_behind_the_only_message_is_refused(name: str) -> None:
    client = begin_client(name, client_setting(trace="", certificate=True))
    client.start()
    with pytest.raises(ClientExchangeFailed):
        client.step(b"what else?")


@pytest.mark.parametrize("name", ["LOGIN", "CRAM-MD5"])
def test_more_challenges_than_there_are_answers_are_refused(name: str) -> None:
    client = begin_client(name, client_setting())
    assert client.start() is None
    for _ in range(1 if name == "CRAM-MD5" else 2):
        client.step(b"<1@example.org>")
    with pytest.raises(ClientExchangeFailed):
        client.step(b"<1@example.org>")


def test_data_with_success_where_there_is_none_is_refused() -> None:
    client = begin_client("PLAIN", client_setting())
    client.succeed(b"")
    with pytest.raises(ClientExchangeFailed):
        client.succeed(b"more")
