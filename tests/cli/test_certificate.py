import ipaddress
import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest
from cryptography import x509

from angarium.cli.certificate import make_certificate


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, Path]:
    certificate, key = tmp_path / "tls" / "cert.pem", tmp_path / "tls" / "key.pem"
    make_certificate(certificate, key, hostname="mail.example.org")
    return certificate, key


def test_it_names_this_machine(made: tuple[Path, Path]) -> None:
    certificate = x509.load_pem_x509_certificate(made[0].read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "mail.example.org"]
    assert names.get_values_for_type(x509.IPAddress) == [
        ipaddress.ip_address("127.0.0.1"),
        ipaddress.ip_address("::1"),
    ]
    for path in made:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "mail.example.org"])
def test_a_client_that_trusts_it_can_connect(made: tuple[Path, Path], name: str) -> None:
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(*made)
    client_context = ssl.create_default_context(cafile=str(made[0]))
    ours, theirs = socket.socketpair()

    def serve() -> None:
        with server_context.wrap_socket(theirs, server_side=True) as connection:
            connection.sendall(b"hello")

    server = threading.Thread(target=serve)
    server.start()
    with client_context.wrap_socket(ours, server_hostname=name) as connection:
        assert connection.recv(5) == b"hello"
    server.join()


def test_a_long_name_of_the_machine_is_no_obstacle(tmp_path: Path) -> None:
    make_certificate(tmp_path / "c", tmp_path / "k", hostname="m" * 63 + ".example.org")
    subject = x509.load_pem_x509_certificate((tmp_path / "c").read_bytes()).subject
    assert subject.rfc4514_string() == "CN=" + "m" * 63 + "."
