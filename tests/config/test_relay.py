import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.config.relay import Relay, RelayKind


@pytest.mark.parametrize(
    ("text", "relay"),
    [
        ("localhost:587", Relay("localhost", 587)),
        ("mx.example.org", Relay("mx.example.org", 587)),
        ("192.0.2.1:25", Relay("192.0.2.1", 25)),
        ("[2001:db8::1]:25", Relay("2001:db8::1", 25)),
        ("mx:25/tls", Relay("mx", 25, requires_tls=True)),
        ("mx:25/noauth", Relay("mx", 25, logs_in=False)),
        ("mx:465/TLS/noauth", Relay("mx", 465, requires_tls=True, logs_in=False)),
    ],
)
def test_a_server_is_read(text: str, relay: Relay) -> None:
    assert RelayKind().parse(text) == relay


@pytest.mark.parametrize("text", ["", ":25", "mx:0", "mx:65536", "mx:smtp", "mx:25/ssl", "mx:25/", "::1", "a b"])
def test_what_is_no_server_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not|unknown"):
        RelayKind().parse(text)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        relay = RelayKind().parse(text)
    except ValueError:
        return
    assert 0 < relay.port < 65536


def test_the_port_of_submissions_has_tls_at_once() -> None:
    assert Relay("mx", 465).has_implicit_tls
    assert not Relay("mx", 587).has_implicit_tls
