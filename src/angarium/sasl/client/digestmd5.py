"""DIGEST-MD5 as a client speaks it (RFC 2831): `auth` alone, and no subsequent authentication."""

import enum
import hmac

from angarium.errors import ClientExchangeFailed
from angarium.sasl.client.exchange import ClientSetting
from angarium.sasl.digestdirectives import (
    FIRST_COUNT,
    MAX_CHALLENGE_OCTETS,
    DigestedResponse,
    Directives,
    once,
    parse_directives,
    serialize_directives,
)
from angarium.sasl.exchange import Failed


class _Waits(enum.Enum):
    CHALLENGE = enum.auto()
    RSPAUTH = enum.auto()
    END = enum.auto()


class DigestMd5Client:
    """Proves that it knows the password, and has the server prove it too."""

    name = "DIGEST-MD5"

    def __init__(self, setting: ClientSetting) -> None:
        self._setting = setting
        self._expected = ""
        self._waits = _Waits.CHALLENGE

    def start(self) -> None:
        """The server speaks first."""

    def step(self, challenge: bytes) -> bytes:
        """The proof, and then nothing to that of the server, where it comes as a challenge."""
        match self._waits:
            case _Waits.CHALLENGE:
                self._waits = _Waits.RSPAUTH
                return self._prove(challenge)
            case _Waits.RSPAUTH:
                self._verify(challenge)
                return b""
            case _Waits.END:
                raise ClientExchangeFailed("the server sent a challenge after the end")

    def succeed(self, final: bytes | None = None) -> None:
        """ClientExchangeFailed where the server's proof is wrong, or has not come."""
        if self._waits is _Waits.RSPAUTH and final is not None:
            self._verify(final)
        elif final:
            raise ClientExchangeFailed("the server sent data after the end")
        if self._waits is not _Waits.END:
            raise ClientExchangeFailed("the server has not proven that it knows the password")

    def _prove(self, challenge: bytes) -> bytes:
        if len(challenge) > MAX_CHALLENGE_OCTETS:
            raise ClientExchangeFailed("the server's challenge is too long")
        directives = parse_directives(challenge)
        if isinstance(directives, Failed):
            raise ClientExchangeFailed("the server's challenge is malformed")
        setting = self._setting
        response = DigestedResponse(
            username=setting.authcid,
            realm=self._realm(directives),
            nonce=_of_server(directives, "nonce"),
            cnonce=setting.nonce().encode(),
            digest_uri=f"{setting.service}/{setting.host}".encode(),
            authzid=setting.authzid,
            utf8=_is_utf8(directives),
            secret=setting.password,
        )
        self._expected = response.server_digest()
        return _serialize(response)

    def _realm(self, directives: Directives) -> str:
        if self._setting.realm is not None:
            return self._setting.realm
        offered = directives.get("realm", [b""])
        return offered[0].decode("utf-8", "replace")

    def _verify(self, challenge: bytes) -> None:
        directives = parse_directives(challenge)
        proof = once(directives, "rspauth") if not isinstance(directives, Failed) else directives
        if isinstance(proof, Failed) or not hmac.compare_digest(proof, self._expected.encode()):
            raise ClientExchangeFailed("the server does not know the password")
        self._waits = _Waits.END


def _is_utf8(directives: Directives) -> bool:
    """Checks too what else a server says of itself."""
    qop = _of_server(directives, "qop", b"auth").lower()
    if b"auth" not in [word.strip() for word in qop.split(b",")]:
        raise ClientExchangeFailed("the server demands a security layer")
    if _of_server(directives, "algorithm").lower() != b"md5-sess":
        raise ClientExchangeFailed("the server has another algorithm than md5-sess")
    for name in ("stale", "maxbuf"):
        _of_server(directives, name, b"")
    return _of_server(directives, "charset", b"").lower() == b"utf-8"


def _of_server(directives: Directives, name: str, default: bytes | None = None) -> bytes:
    value = once(directives, name, default)
    if isinstance(value, Failed):
        raise ClientExchangeFailed(f"the server's challenge has not one {name}")
    return value


def _serialize(response: DigestedResponse) -> bytes:
    charset = "utf-8" if response.utf8 else "iso-8859-1"
    try:
        username, realm = response.username.encode(charset), response.realm.encode(charset)
    except UnicodeEncodeError as error:
        raise ClientExchangeFailed("the server takes no names beyond ISO 8859-1") from error
    directives = [
        ("username", username, True),
        ("realm", realm, True),
        ("nonce", response.nonce, True),
        ("cnonce", response.cnonce, True),
        ("nc", FIRST_COUNT.encode(), False),
        ("qop", b"auth", False),
        ("digest-uri", response.digest_uri, True),
        ("response", response.client_digest().encode(), False),
    ]
    if response.utf8:
        directives.insert(0, ("charset", b"utf-8", False))
    if response.authzid is not None:
        directives.append(("authzid", response.authzid.encode(), True))
    return serialize_directives(directives)
