import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.sasl import Failed, FailureReason
from angarium.sasl.gs2 import escape_name
from angarium.sasl.scrammessages import (
    ClientFinal,
    ClientFirst,
    ServerFirst,
    decode_base64,
    encode_base64,
    parse_client_final,
    parse_client_first,
    parse_server_first,
)

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=20)
NONCES = st.from_regex(r"[!-+\--~]+", fullmatch=True)
OCTETS = st.binary(min_size=1, max_size=40)


@given(NAMES, NONCES)
def test_the_client_s_first_message_is_read_as_it_was_written(username: str, nonce: str) -> None:
    message = f"n={escape_name(username)},r={nonce}".encode()
    assert parse_client_first(message) == ClientFirst(username, nonce)


@given(NONCES, OCTETS, st.integers(1, 9_999_999_999))
def test_the_server_s_first_message_is_read_as_it_was_written(nonce: str, salt: bytes, iterations: int) -> None:
    message = f"r={nonce},s={encode_base64(salt)},i={iterations}".encode()
    assert parse_server_first(message) == ServerFirst(nonce, salt, iterations)


@given(OCTETS, NONCES, OCTETS, st.sampled_from(["", ",x=1", ",x=1,y=a=b"]))
def test_the_client_s_last_message_is_read_as_it_was_written(
    binding: bytes, nonce: str, proof: bytes, extensions: str
) -> None:
    without_proof = f"c={encode_base64(binding)},r={nonce}{extensions}".encode()
    message = without_proof + f",p={encode_base64(proof)}".encode()
    assert parse_client_final(message) == ClientFinal(binding, nonce, proof, without_proof)


@given(st.binary(max_size=40))
def test_any_octets_are_a_message_or_not(octets: bytes) -> None:
    assert isinstance(parse_client_first(octets), ClientFirst | Failed)
    assert isinstance(parse_server_first(octets), ServerFirst | Failed)
    assert isinstance(parse_client_final(octets), ClientFinal | Failed)


@pytest.mark.parametrize("text", [b"A", b"AAA", b"AA==AA==", b"AA=A", b"A A=", b"AAAA\n", b"AAA\xff", b"==AA"])
def test_what_is_no_base64_is_refused(text: bytes) -> None:
    assert decode_base64(text) == Failed(FailureReason.MALFORMED)


def test_proofs_are_not_printed() -> None:
    assert "secret" not in repr(ClientFinal(b"", "nonce", b"secret", b""))
