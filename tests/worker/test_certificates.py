import hashlib
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from tests.worker.certificates import UPN, Authority

from angarium.config import ClientSubject
from angarium.worker.certificates import read_server_certificate, subject_of

AUTHORITY = Authority()


def upn(name: bytes) -> x509.OtherName:
    return x509.OtherName(UPN, name)


def test_names_that_cannot_be_read_are_nobodys() -> None:
    # An x400Address, which nobody reads any more.
    odd = x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, b"\x30\x02\xa3\x00")
    assert subject_of(AUTHORITY.issue(further=[odd]).der, ClientSubject.RFC822NAME) is None


@pytest.mark.parametrize(
    ("subject", "names", "chosen", "user"),
    [
        ([(NameOID.COMMON_NAME, "alice")], [], ClientSubject.CN, "alice"),
        ([(NameOID.COMMON_NAME, "älice")], [], ClientSubject.CN, "älice"),
        ([(NameOID.COMMON_NAME, "alice")], [], ClientSubject.UID, None),
        ([(NameOID.COMMON_NAME, "Alice A."), (NameOID.USER_ID, "alice")], [], ClientSubject.UID, "alice"),
        ([(NameOID.COMMON_NAME, "alice"), (NameOID.COMMON_NAME, "bob")], [], ClientSubject.CN, None),
        ([(NameOID.COMMON_NAME, "alice"), (NameOID.COMMON_NAME, "alice")], [], ClientSubject.CN, "alice"),
        ([(NameOID.COMMON_NAME, "alice\x00bob")], [], ClientSubject.CN, None),
        ([(NameOID.COMMON_NAME, "alice\n")], [], ClientSubject.CN, None),
        ([(NameOID.EMAIL_ADDRESS, "a@example.org")], [], ClientSubject.EMAILADDRESS, "a@example.org"),
        ([], [x509.RFC822Name("a@example.org")], ClientSubject.RFC822NAME, "a@example.org"),
        ([], [x509.RFC822Name("a@example.org"), x509.RFC822Name("b@example.org")], ClientSubject.RFC822NAME, None),
        ([], [x509.DNSName("alice")], ClientSubject.RFC822NAME, None),
        ([(NameOID.COMMON_NAME, "bob")], [], ClientSubject.RFC822NAME, None),
        ([], [upn(b"\x0c\x0dalice@EXAMPLE")], ClientSubject.UPN, "alice@EXAMPLE"),
        ([], [upn(b"\x0c\x81\x82" + b"a" * 130)], ClientSubject.UPN, "a" * 130),
        ([], [upn(b"\x04\x05alice")], ClientSubject.UPN, None),
        ([], [upn(b"\x0c\x01\xff")], ClientSubject.UPN, None),
        ([], [x509.OtherName(x509.ObjectIdentifier("1.2.3"), b"\x0c\x05alice")], ClientSubject.UPN, None),
    ],
)
def test_a_certificate_names_a_user(
    subject: list[tuple[x509.ObjectIdentifier, str]],
    names: list[x509.GeneralName],
    chosen: ClientSubject,
    user: str | None,
) -> None:
    assert subject_of(AUTHORITY.issue(subject, names=names).der, chosen) == user


@given(der=st.binary(max_size=60))
def test_what_is_no_certificate_names_nobody(der: bytes) -> None:
    assert subject_of(der, ClientSubject.CN) is None


def test_what_is_known_of_a_servers_certificate(tmp_path: Path) -> None:
    issued = AUTHORITY.issue([(NameOID.COMMON_NAME, "other")], names=[x509.DNSName("A.test"), x509.DNSName("*.b.test")])
    path = tmp_path / "chain.pem"
    path.write_bytes(issued.key + issued.pem + AUTHORITY.certificate.public_bytes(Encoding.PEM))
    known = read_server_certificate(path)
    assert known.names == ("a.test", "*.b.test")
    assert known.expires == issued.certificate.not_valid_after_utc
    assert known.end_point == hashlib.sha256(issued.der).digest()
    assert read_server_certificate(AUTHORITY.write(tmp_path / "own.pem")).names == ("authority.test",)


def test_a_file_without_a_certificate_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cert.pem"
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="PEM"):
        read_server_certificate(path)
