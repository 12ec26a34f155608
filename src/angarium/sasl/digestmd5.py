"""The mechanism DIGEST-MD5 (RFC 2831): `auth` alone, and no subsequent authentication."""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from angarium.errors import FailureReason
from angarium.sasl.digestdirectives import (
    FIRST_COUNT,
    MAX_CHALLENGE_OCTETS,
    MAX_RESPONSE_OCTETS,
    DigestedResponse,
    Directives,
    once,
    parse_directives,
    serialize_directives,
)
from angarium.sasl.exchange import (
    MAX_IDENTITY_OCTETS,
    Answer,
    Challenge,
    ExchangeSetting,
    Failed,
    Outcome,
    Proven,
    SecretWanted,
)

_DIGEST: Final = re.compile(rb"[0-9a-f]{32}")
_HOST: Final = rb"[A-Za-z0-9.:\[\]_-]+"
_URI: Final = re.compile(rb"([A-Za-z]+)/" + _HOST + rb"(?:/" + _HOST + rb")?")
_AT_MOST_ONCE: Final = ("realm", "nc", "qop", "maxbuf", "charset", "cipher", "authzid")
"""Of those that are not required."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """What the client says, and how it proves it."""

    username: str
    realm: str
    cnonce: bytes
    digest_uri: bytes
    authzid: str | None
    digest: bytes


class DigestMd5Server:
    """A challenge of the server, an answer, and the server's own proof."""

    __slots__ = ("_claim", "_nonce", "_setting")

    def __init__(self, setting: ExchangeSetting) -> None:
        self._setting = setting
        self._nonce = b""
        self._claim: _Claim | None = None

    def step(self, response: bytes | None) -> Outcome:
        """The server speaks first. An initial response would be one to a nonce of earlier, and such are not kept."""
        if not self._nonce:
            if response is not None:
                return Failed(FailureReason.UNSUPPORTED)
            return Challenge(self._begin())
        if len(response or b"") > MAX_RESPONSE_OCTETS:
            return Failed(FailureReason.TOO_LONG)
        directives = parse_directives(response or b"")
        if isinstance(directives, Failed):
            return directives
        return self._ask(directives)

    def answer(self, answer: Answer) -> Outcome:
        """The same work for a user who has no secret."""
        assert answer is None or isinstance(answer, str)
        claim = self._claim
        assert claim is not None
        digested = DigestedResponse(
            username=claim.username,
            realm=claim.realm,
            nonce=self._nonce,
            cnonce=claim.cnonce,
            digest_uri=claim.digest_uri,
            authzid=claim.authzid,
            utf8=True,
            secret=answer or "",
        )
        if not hmac.compare_digest(digested.client_digest().encode(), claim.digest) or not answer:
            return Failed(FailureReason.WRONG_PROOF)
        final = b"rspauth=" + digested.server_digest().encode()
        return Proven(self._qualified(claim), claim.authzid or None, final)

    def _begin(self) -> bytes:
        self._nonce = self._setting.nonce().encode()
        challenge = self._announce(self._realms())
        return challenge if len(challenge) <= MAX_CHALLENGE_OCTETS else self._announce(self._realms()[:1])

    def _announce(self, realms: Sequence[str]) -> bytes:
        return serialize_directives(
            [
                ("nonce", self._nonce, True),
                *[("realm", realm.encode(), True) for realm in realms],
                ("qop", b"auth", True),
                ("charset", b"utf-8", False),
                ("algorithm", b"md5-sess", False),
            ]
        )

    def _realms(self) -> tuple[str, ...]:
        return self._setting.realms or (self._setting.host,)

    def _ask(self, directives: Directives) -> Outcome:
        claim = self._read(directives)
        if isinstance(claim, Failed):
            return claim
        self._claim = claim
        if claim.realm not in ("", *self._realms()):
            # Its users may be others than ours of the same name.
            return Failed(FailureReason.WRONG_PROOF)
        usual = claim.realm in ("", self._realms()[0])
        return SecretWanted(self._qualified(claim), "" if usual else claim.realm)

    def _qualified(self, claim: _Claim) -> str:
        """Users of another realm than the first have its name behind theirs."""
        if claim.realm in ("", self._realms()[0]) or "@" in claim.username:
            return claim.username
        return f"{claim.username}@{claim.realm}"

    def _read(self, directives: Directives) -> _Claim | Failed:
        refusal = self._refusal(directives)
        if refusal is not None:
            return Failed(refusal)
        says_utf8 = "charset" in directives
        try:
            claim = _Claim(
                username=_decoded(directives["username"][0], says_utf8=says_utf8),
                realm=_decoded(_first(directives, "realm"), says_utf8=says_utf8),
                cnonce=directives["cnonce"][0],
                digest_uri=directives["digest-uri"][0],
                authzid=directives["authzid"][0].decode() if "authzid" in directives else None,
                digest=directives["response"][0],
            )
        except UnicodeDecodeError:
            return Failed(FailureReason.NOT_UTF8)
        return claim if claim.username else Failed(FailureReason.EMPTY_AUTHCID)

    def _refusal(self, directives: Directives) -> FailureReason | None:
        """Why a response is none to this challenge (RFC 2831 §2.1.2); that it is none to an older one, too."""
        required = [once(directives, name) for name in ("username", "nonce", "cnonce", "digest-uri", "response")]
        if any(isinstance(value, Failed) for value in required):
            return FailureReason.MALFORMED
        if any(len(directives.get(name, ())) > 1 for name in _AT_MOST_ONCE):
            return FailureReason.MALFORMED
        names = [_first(directives, name) for name in ("username", "realm", "authzid")]
        if any(len(name) > MAX_IDENTITY_OCTETS for name in names):
            return FailureReason.TOO_LONG
        if _first(directives, "charset", b"utf-8").lower() != b"utf-8":
            return FailureReason.UNSUPPORTED
        if _first(directives, "qop", b"auth").lower() != b"auth":
            return FailureReason.UNSUPPORTED
        is_ours = hmac.compare_digest(directives["nonce"][0], self._nonce)
        if not is_ours or _first(directives, "nc") != FIRST_COUNT.encode() or not directives["cnonce"][0]:
            return FailureReason.MALFORMED
        if _DIGEST.fullmatch(directives["response"][0]) is None or not self._is_for_us(directives["digest-uri"][0]):
            return FailureReason.MALFORMED
        return None

    def _is_for_us(self, uri: bytes) -> bool:
        """The service must be this one. The host may have any name that leads here, and clients use what they were
        given (RFC 2831 §2.1.2 says SHOULD)."""
        match = _URI.fullmatch(uri)
        return match is not None and match[1].decode().lower() == self._setting.service


def _decoded(text: bytes, *, says_utf8: bool) -> str:
    """Without the directive it is ISO 8859-1 (RFC 2831 §2.1.2); but clients that are built on Cyrus SASL never give it,
    and send UTF-8. UnicodeDecodeError."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        if says_utf8:
            raise
        return text.decode("iso-8859-1")


def _first(directives: Directives, name: str, default: bytes = b"") -> bytes:
    return directives.get(name, [default])[0]
