"""Peers as the Received header has them."""

import pytest

from angarium.lmtp import Peer


@pytest.mark.parametrize(
    ("address", "shown"), [("", "local"), ("192.0.2.7", "[192.0.2.7]"), ("2001:db8::1", "[IPv6:2001:db8::1]")]
)
def test_the_address_in_a_trace(address: str, shown: str) -> None:
    assert Peer(address, is_authorised=True).trace_address == shown
