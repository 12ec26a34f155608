import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.worker.proxyheader import Proxied, ProxyHeader, ProxyHeaderMalformed, parse_proxy_header

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
IPV4 = bytes([192, 0, 2, 7, 198, 51, 100, 1]) + (40_000).to_bytes(2) + (993).to_bytes(2)
IPV6 = bytes.fromhex("20010db800000000000000000000000720010db8000000000000000000000001") + b"\x9c\x40\x03\xe1"
MAPPED = bytes.fromhex("00000000000000000000ffffc0000207") * 2 + b"\x00\x01\x00\x02"
OVER_IPV4 = Proxied(("192.0.2.7", 40_000), ("198.51.100.1", 993))
OVER_IPV6 = Proxied(("2001:db8::7", 40_000), ("2001:db8::1", 993))


def binary(command: int, family: int, data: bytes) -> bytes:
    return SIGNATURE + bytes([command, family]) + len(data).to_bytes(2) + data


WHOLE = [
    (b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 993\r\n", OVER_IPV4),
    (b"PROXY TCP6 2001:db8::7 2001:db8::1 40000 993\r\n", OVER_IPV6),
    (b"PROXY TCP6 2001:0DB8:0:0:0:0:0:7 2001:db8::1 40000 993\r\n", OVER_IPV6),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", None),
    (binary(0x21, 0x11, IPV4), OVER_IPV4),
    (binary(0x21, 0x21, IPV6), OVER_IPV6),
    (binary(0x21, 0x21, MAPPED), Proxied(("192.0.2.7", 1), ("192.0.2.7", 2))),
    (binary(0x21, 0x11, IPV4 + b"\x04\x00\x03abc"), OVER_IPV4),
    (binary(0x21, 0x31, bytes(216)), None),
    (binary(0x21, 0x00, b""), None),
    (binary(0x20, 0x00, b""), None),
    (binary(0x20, 0x11, b"anything"), None),
]


@pytest.mark.parametrize(("header", "proxied"), WHOLE)
def test_a_header_is_read_when_it_is_whole(header: bytes, proxied: Proxied | None) -> None:
    for end in range(len(header)):
        assert parse_proxy_header(header[:end]) is None
    expected = ProxyHeader(len(header), proxied)
    assert parse_proxy_header(header) == expected
    assert parse_proxy_header(bytearray(header + b"a NOOP\r\n" * 500)) == expected


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"a NOOP\r\n", "there is no header"),
        (b"\x16\x03\x01", "there is no header"),
        (b"\r\n\r\n\r\n", "there is no header"),
        (b"PROXY TCP5 192.0.2.7 198.51.100.1 1 2\r\n", "not of the form"),
        (b"PROXY  TCP4 192.0.2.7 198.51.100.1 1 2\r\n", "not of the form"),
        (b"PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n", "not of the form"),
        (b"PROXY TCP4 192.0.2.7 198.51.100.1 1 2 3\r\n", "not of the form"),
        (b"PROXY TCP4 192.0.2.7 198.51.100.1 1 65536\r\n", "a port is out of range"),
        (b"PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n", "an address is none"),
        (b"PROXY TCP6 192.0.2.7 198.51.100.1 1 2\r\n", "an address is none"),
        (b"PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n", "an address is none"),
        (b"PROXY UNKNOWN " + b"x" * 107, "the line is too long"),
        (binary(0x11, 0x11, IPV4), "version or command is unknown"),
        (binary(0x22, 0x11, IPV4), "version or command is unknown"),
        (binary(0x21, 0x12, IPV4), "of no stream"),
        (binary(0x21, 0x11, IPV4[:-1]), "too short"),
        (binary(0x21, 0x21, IPV4), "too short"),
        (binary(0x21, 0x31, bytes(215)), "too short"),
        (SIGNATURE + b"\x21\x11\xff\xff", "the header is too long"),
    ],
)
def test_what_is_none_is_refused_at_once(octets: bytes, reason: str) -> None:
    with pytest.raises(ProxyHeaderMalformed, match=reason):
        parse_proxy_header(octets)


@given(octets=st.one_of(st.binary(max_size=80), st.binary(max_size=60).map(SIGNATURE.__add__)))
def test_any_octets_are_a_header_or_refused(octets: bytes) -> None:
    try:
        found = parse_proxy_header(octets)
    except ProxyHeaderMalformed:
        return
    assert found is None or found.octets <= len(octets)
