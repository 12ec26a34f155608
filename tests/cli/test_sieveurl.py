from pathlib import Path

import pytest

from angarium.cli.sieveurl import sieve_url
from angarium.config import parse_cyrus_conf


@pytest.mark.parametrize(
    ("listens", "host", "url"),
    [
        ((), "mail.example.org", ""),
        (("/run/sieve",), "mail.example.org", ""),
        (("sieve",), "mail.example.org", "sieve://mail.example.org"),
        (("127.0.0.1:2000",), "mail.example.org", "sieve://mail.example.org:2000"),
        (("2000", "4190"), "mail.example.org", "sieve://mail.example.org"),
        (("2000",), "2001:db8::1", "sieve://[2001:db8::1]:2000"),
    ],
)
def test_the_url_is_that_of_the_service(listens: tuple[str, ...], host: str, url: str) -> None:
    lines = [f'  s{number} cmd="timsieved" listen="{listen}"' for number, listen in enumerate(listens)]
    lines.append('  imap cmd="imapd" listen="imap"')
    conf = parse_cyrus_conf(
        "SERVICES {\n" + "\n".join(lines) + "\n}\n", file=Path("cyrus.conf"), lookup=lambda *_: None
    )
    assert sieve_url(conf.services, host=host) == url
