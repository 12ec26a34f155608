"""The first message of a client, as `ssl` makes it and as nobody should."""

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.worker.clienthello import ClientHello, HelloReader, HelloTooLong


def hello(
    name: str | None = None, protocols: list[str] | None = None, *, version: ssl.TLSVersion | None = None
) -> bytes:
    """What OpenSSL sends first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if version is not None:
        context.maximum_version = version
    if protocols:
        context.set_alpn_protocols(protocols)
    outgoing = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def read(octets: bytes, piece: int = 1 << 16) -> ClientHello | None:
    reader = HelloReader()
    found = None
    for start in range(0, len(octets), piece):
        assert found is None
        found = reader.receive(octets[start : start + piece])
    return found


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("name", [None, "mail.example.org", "MAIL.Example.ORG"])
@pytest.mark.parametrize("protocols", [[], ["imap"], ["h2", "http/1.1"]])
def test_what_openssl_asks_for_is_read(version: ssl.TLSVersion, name: str | None, protocols: list[str]) -> None:
    expected = ClientHello((name or "").lower(), tuple([each.encode() for each in protocols]))
    assert read(hello(name, protocols, version=version)) == expected


@given(piece=st.integers(1, 300), fragment=st.integers(1, 200))
def test_how_it_comes_changes_nothing(piece: int, fragment: int) -> None:
    octets = hello("mail.example.org", ["imap"])
    message = octets[5:]
    parts = [message[start : start + fragment] for start in range(0, len(message), fragment)]
    records = b"".join([octets[:3] + len(part).to_bytes(2) + part for part in parts])
    assert read(records, piece) == ClientHello("mail.example.org", (b"imap",))


@given(octets=st.binary(max_size=400))
def test_anything_is_taken(octets: bytes) -> None:
    check(octets)


def check(octets: bytes) -> None:
    try:
        found = HelloReader().receive(octets)
    except HelloTooLong:
        return
    assert found is None or isinstance(found, ClientHello)


@given(place=st.integers(5, 250), octet=st.integers(0, 255))
def test_a_broken_one_is_read_or_left_to_openssl(place: int, octet: int) -> None:
    octets = bytearray(hello("mail.example.org", ["imap"]))
    octets[place] = octet
    check(bytes(octets))


@pytest.mark.parametrize(
    "octets",
    [
        b"GET / HTTP/1.0\r\n\r\n",
        b"a",
        b"\x16\x03\x01\x00\x00",  # an empty record
        b"\x16\x03\x01\x40\x01",  # one that is too long
        b"\x16\x03\x01\x00\x04\x02\x00\x00\x00",  # the message of a server
        b"\x16\x03\x01\x00\x04\x01\x00\x00\x00",  # one with nothing in it
        b"\x15\x03\x01\x00\x02\x02\x28",  # an alert
    ],
)
def test_what_is_no_client_hello_asks_for_nothing(octets: bytes) -> None:
    assert read(octets) == ClientHello()


def test_more_than_a_client_hello_can_have_is_not_waited_for() -> None:
    with pytest.raises(HelloTooLong):
        HelloReader().receive(b"\x16\x03\x01\x00\x04\x01\x00\x40\x01")
    reader = HelloReader()
    assert reader.receive(b"\x16\x03\x01\x00\x04\x01\x00\x3f\x00") is None
    record = b"\x16\x03\x01\x00\x01\x00"
    assert all(reader.receive(record) is None for _ in range(5_459))
    with pytest.raises(HelloTooLong):
        reader.receive(record)
