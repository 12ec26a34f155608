"""What stands in certificates: the server's own, and those that clients show."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import NameOID, ObjectIdentifier

from angarium.config import ClientSubject
from angarium.sasl.channelbinding import end_point_binding

_UPN: Final = ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
_UTF8_STRING: Final = 0x0C
_ATTRIBUTES: Final = {
    ClientSubject.CN: NameOID.COMMON_NAME,
    ClientSubject.UID: NameOID.USER_ID,
    ClientSubject.EMAILADDRESS: NameOID.EMAIL_ADDRESS,
}


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """What is known of a certificate beside that it can be used."""

    file: Path
    names: tuple[str, ...]
    """Of the hosts that it is for, in small letters."""
    expires: datetime
    end_point: bytes
    """The data of the channel binding `tls-server-end-point`; empty where it has none."""


def read_server_certificate(file: Path) -> ServerCertificate:
    """The first certificate of a file. OSError, ValueError."""
    octets = file.read_bytes()
    try:
        certificate = x509.load_pem_x509_certificate(octets)
    except ValueError as error:
        raise ValueError("it has no certificate in PEM") from error
    names = tuple([name.lower() for name in _host_names(certificate)])
    return ServerCertificate(file, names, certificate.not_valid_after_utc, end_point_binding(certificate))


_UNREADABLE: Final = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What the library says of a certificate that an authority has signed and that it cannot read."""


def subject_of(der: bytes, subject: ClientSubject) -> str | None:
    """The user that a client's certificate names; None where it names none, or several."""
    try:
        names = set(_subjects(x509.load_der_x509_certificate(der), subject))
    except _UNREADABLE:
        return None
    if len(names) != 1:
        return None
    (name,) = names
    return name if name and name.isprintable() else None


def _host_names(certificate: x509.Certificate) -> list[str]:
    """RFC 6125 §6.4.4: the common name counts where there is no other."""
    alternative = _alternative_names(certificate)
    names = alternative.get_values_for_type(x509.DNSName) if alternative is not None else []
    return names or list(_attributes(certificate, NameOID.COMMON_NAME))


def _subjects(certificate: x509.Certificate, subject: ClientSubject) -> Iterator[str]:
    if subject in _ATTRIBUTES:
        yield from _attributes(certificate, _ATTRIBUTES[subject])
        return
    alternative = _alternative_names(certificate)
    if alternative is None:
        return
    if subject is ClientSubject.RFC822NAME:
        yield from alternative.get_values_for_type(x509.RFC822Name)
        return
    for other in alternative.get_values_for_type(x509.OtherName):
        if other.type_id == _UPN:
            yield _utf8_string(other.value)


def _attributes(certificate: x509.Certificate, oid: ObjectIdentifier) -> Iterator[str]:
    for attribute in certificate.subject.get_attributes_for_oid(oid):
        if isinstance(attribute.value, str):
            yield attribute.value


def _alternative_names(certificate: x509.Certificate) -> x509.SubjectAlternativeName | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def _utf8_string(der: bytes) -> str:
    """A UTF8String of DER that is not longer than a name may be; ValueError."""
    if len(der) < 2 or der[0] != _UTF8_STRING:
        raise ValueError("a user principal name is no UTF8String")
    length, start = (der[2], 3) if der[1] == 0x81 and len(der) > 2 else (der[1], 2)
    if len(der) != start + length:
        raise ValueError("a user principal name has a wrong length")
    return der[start:].decode()
