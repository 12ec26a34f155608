"""A connection of a client of ours: lines, TLS and compression, with waits.

What crosses it is shown as `S: ` and `C: ` lines to whoever wants to see it.
"""

import hashlib
import socket
import ssl
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from angarium.cli.serverunavailable import ServerUnavailable

TIMEOUT_S: Final = 60.0
"""For one answer; a server makes those wait who guess passwords."""

_LINE_OCTETS_MAX: Final = 1 << 16
_BLOCK_OCTETS: Final = 1 << 16
_PORT_MAX: Final = 65535
_RAW_DEFLATE: Final = -15

Show = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Address:
    """A server: a host and a port, its number or its name; or the path of a socket, which begins with a slash."""

    host: str
    port: str

    @property
    def is_path(self) -> bool:
        return self.host.startswith("/")

    @property
    def name(self) -> str:
        """The host's name, for certificates and for SASL."""
        return socket.gethostname() if self.is_path else self.host

    def __str__(self) -> str:
        return self.host if self.is_path else f"{self.host}:{self.port}"


class Wire:
    """A connection; a context manager that closes it. All it does may raise ServerUnavailable."""

    def __init__(self, address: Address, *, show: Show) -> None:
        self.address = address
        self._show = show
        self._socket = _connect(address)
        self._incoming = bytearray()
        self._inflate: zlib._Decompress | None = None
        self._deflate: zlib._Compress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._socket.close()

    def fileno(self) -> int:
        """For select."""
        return self._socket.fileno()

    # Lines

    def read_line(self) -> bytes:
        """A line without its end."""
        looked_at = 0
        while (end := self._incoming.find(b"\n", looked_at)) < 0:
            looked_at = len(self._incoming)
            if looked_at > _LINE_OCTETS_MAX:
                raise ServerUnavailable("the server's line is too long")
            self._fill()
        line = bytes(self._incoming[:end]).removesuffix(b"\r")
        del self._incoming[: end + 1]
        self._show_received(line)
        return line

    def read_exactly(self, count: int) -> bytes:
        """So many octets, which the caller has found to be not too many."""
        while len(self._incoming) < count:
            self._fill()
        octets = bytes(self._incoming[:count])
        del self._incoming[:count]
        self._show_received(octets)
        return octets

    def send_line(self, line: bytes, *, shown: str | None = None) -> None:
        """Send a line; `shown` stands for one that holds what nobody is to see."""
        self._show(f"C: {_text(line) if shown is None else shown}")
        self.send(line + b"\r\n")

    def send(self, octets: bytes) -> None:
        """Send what nobody is shown."""
        try:
            self._socket.sendall(self._deflated(octets))
        except OSError as error:
            raise ServerUnavailable(f"the server does not listen: {error.strerror or error}") from error

    # What waits for nothing, for whoever selects

    def received(self) -> bytes | None:
        """What has come until now; None where nothing has, empty where the server has closed the connection."""
        if self._incoming:
            octets = bytes(self._incoming)
            self._incoming.clear()
            return octets
        self._socket.setblocking(False)
        try:
            while octets := self._socket.recv(_BLOCK_OCTETS):
                if inflated := self._inflated(octets):
                    return inflated
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except OSError:
            return b""
        finally:
            self._socket.settimeout(TIMEOUT_S)
        return b""

    def send_some(self, outgoing: bytearray) -> None:
        """Send as much as the server takes now, and drop it from `outgoing`, which must not be empty."""
        self._socket.setblocking(False)
        try:
            del outgoing[: self._socket.send(outgoing)]
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError as error:
            raise ServerUnavailable(f"the server does not listen: {error.strerror or error}") from error
        finally:
            self._socket.settimeout(TIMEOUT_S)

    def as_sent(self, octets: bytes) -> bytes:
        """The form in which `send_some` takes octets."""
        return self._deflated(octets)

    # Layers

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Encrypt what comes from now on."""
        if self._incoming:
            # What an attacker has put there would pass for what the server says under TLS.
            raise ServerUnavailable("the server said more before TLS began")
        try:
            self._socket = context.wrap_socket(self._socket, server_hostname=self.address.name)
        except ssl.SSLCertVerificationError as error:
            raise ServerUnavailable(f"the server's certificate is refused: {error.verify_message}") from error
        except ssl.SSLError as error:
            raise ServerUnavailable(f"TLS cannot be begun: {error.reason or error}") from error
        except (OSError, ValueError) as error:
            raise ServerUnavailable(f"TLS cannot be begun: {error}") from error
        self._show(f"TLS connection established: {self._encryption()}")

    def start_compression(self) -> None:
        """Compress what comes from now on (RFC 4978)."""
        self._inflate = zlib.decompressobj(_RAW_DEFLATE)
        self._deflate = zlib.compressobj(wbits=_RAW_DEFLATE)
        if self._incoming:
            octets = bytes(self._incoming)
            self._incoming.clear()
            self._incoming += self._inflated(octets)

    @property
    def is_tls(self) -> bool:
        return isinstance(self._socket, ssl.SSLSocket)

    @property
    def strength_bits(self) -> int:
        """Of the key that what crosses the wire is encrypted with; 0 without TLS."""
        cipher = self._socket.cipher() if isinstance(self._socket, ssl.SSLSocket) else None
        return cipher[2] if cipher is not None else 0

    @property
    def certificate_digest(self) -> str:
        """SHA-256 of the server's certificate, as `openssl x509 -fingerprint` has it."""
        return hashlib.sha256(self._certificate()).digest().hex(":").upper()

    @property
    def bindings(self) -> Mapping[str, bytes]:
        """The channel bindings of the connection."""
        if not self.is_tls:
            return {}
        # It takes a while to import, and only TLS needs it.
        from cryptography import x509

        from angarium.sasl.channelbinding import end_point_binding

        try:
            binding = end_point_binding(x509.load_der_x509_certificate(self._certificate()))
        except ValueError:
            return {}
        return {"tls-server-end-point": binding} if binding else {}

    # The rest

    def _encryption(self) -> str:
        """Version and cipher of TLS."""
        assert isinstance(self._socket, ssl.SSLSocket)
        cipher = self._socket.cipher()
        assert cipher is not None
        return f"{cipher[1]} with cipher {cipher[0]} ({cipher[2]}/{cipher[2]} bits)"

    def _certificate(self) -> bytes:
        assert isinstance(self._socket, ssl.SSLSocket)
        return self._socket.getpeercert(binary_form=True) or b""

    def _fill(self) -> None:
        try:
            octets = self._socket.recv(_BLOCK_OCTETS)
        except OSError as error:
            raise ServerUnavailable(f"the server does not answer: {error.strerror or error}") from error
        if not octets:
            raise ServerUnavailable("the server closed the connection")
        self._incoming += self._inflated(octets)

    def _inflated(self, octets: bytes) -> bytes:
        if self._inflate is None:
            return octets
        try:
            return self._inflate.decompress(octets)
        except zlib.error as error:
            raise ServerUnavailable("what the server sends cannot be decompressed") from error

    def _deflated(self, octets: bytes) -> bytes:
        if self._deflate is None:
            return octets
        return self._deflate.compress(octets) + self._deflate.flush(zlib.Z_SYNC_FLUSH)

    def _show_received(self, octets: bytes) -> None:
        if octets:
            self._show(f"S: {_text(octets)}")


def _connect(address: Address) -> socket.socket:
    try:
        if address.is_path:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(TIMEOUT_S)
            try:
                connection.connect(address.host)
            except BaseException:
                connection.close()
                raise
            return connection
        if address.port.isdecimal() and not 0 < int(address.port) <= _PORT_MAX:
            raise ServerUnavailable(f"cannot connect to {address}: there is no such port")
        return socket.create_connection((address.host, address.port), timeout=TIMEOUT_S)
    except OSError as error:
        raise ServerUnavailable(f"cannot connect to {address}: {error.strerror or error}") from error
    except UnicodeError as error:
        raise ServerUnavailable(f"cannot connect to {address.host!r}: not the name of a host") from error


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
