"""The other end of a connection, as a login is asked about it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Peer(NamedTuple):
    """The other end of a connection, and what it came through."""

    # A tuple, since each connection makes some, and a frozen dataclass takes four times as long.
    address: str
    """Without port; empty for a unix socket."""
    service: str
    """The name in cyrus.conf."""
    session: str
    """The session id that all log lines carry."""
    is_tls: bool = False
    protocol: str = "imap"
    """As SASL and PAM name it: `imap`, `pop`, `sieve`, `lmtp`."""
    client: str = ""
    """What the client calls itself, where it has said so."""
    server_address: str = ""
    """The address that the client has connected to; for `virtdomains: on`."""
    bindings: Mapping[str, bytes] = MappingProxyType({})
    """The channel bindings of the TLS connection."""
    certificate_user: str | None = None
    """Who the verified certificate of the client says it is, by `tls_client_subject`."""
    cipher: str = ""
    """Version and suite of the TLS connection, for the log."""
