"""The keys by which tokens are signed, from a JWK set (RFC 7517): a file, or a page of the provider."""

import asyncio
import importlib
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from angarium.auth.outsidecalls import OutsideCalls
from angarium.auth.rereadfile import RereadFile
from angarium.auth.webexchange import WebExchange
from angarium.config import OauthSettings, TokenAlgorithm
from angarium.errors import AuthenticationUnavailable, ConfigError

log = logging.getLogger(__name__)

ASKED_AGAIN_S: Final = 60.0
"""After an answer, nobody asks sooner for a key that it did not have: anybody can make up the name of one."""
RETRY_S: Final = 2.0
RENEWED_S: Final = 3600.0
"""Keys that the provider has withdrawn are believed for no longer."""
HELD_S: Final = 86_400.0
"""While the provider cannot be asked, for no longer than this."""
KEYS_MAX: Final = 100
RSA_BITS: Final = (2048, 8192)

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey

_CURVES: Final = {
    TokenAlgorithm.ES256: "secp256r1",
    TokenAlgorithm.ES384: "secp384r1",
    TokenAlgorithm.ES512: "secp521r1",
}


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key."""

    id: str
    """Empty where it has none."""
    algorithm: str
    """Which it is for; empty where that is not said."""
    key: PublicKey

    def fits(self, algorithm: TokenAlgorithm) -> bool:
        """Whether it may have made signatures by this algorithm."""
        if self.algorithm and self.algorithm != algorithm:
            return False
        match self.key:
            case rsa.RSAPublicKey():
                return algorithm.startswith(("RS", "PS"))
            case ec.EllipticCurvePublicKey():
                return _CURVES.get(algorithm) == self.key.curve.name
            case _:
                return algorithm is TokenAlgorithm.EDDSA


class KeySet(Protocol):
    """Where keys come from."""

    async def find(self, key_id: str, algorithm: TokenAlgorithm) -> Sequence[SigningKey]:
        """The key of this id, or all that may be meant where it is empty. AuthenticationUnavailable."""

    async def close(self) -> None: ...


def key_set(settings: OauthSettings) -> KeySet:
    """That of `oauth_jwks`. ConfigError."""
    jwt = jwt_library()
    if settings.oauth_jwks.startswith("/"):
        return FileKeys(Path(settings.oauth_jwks), jwt)
    return WebKeys(WebExchange("oauth_jwks", settings.oauth_jwks, settings.oauth_ca_file), jwt)


def jwt_library() -> ModuleType:
    """An extra of the installation, only looked for where tokens are checked. ConfigError."""
    try:
        importlib.import_module("jwt.algorithms")
        return importlib.import_module("jwt")
    except ImportError as error:
        raise ConfigError(
            f"oauth_jwks: the library for JWTs cannot be loaded ({error}); install angarium with its extra oauth"
        ) from error


class FileKeys:
    """Keys of a file, which is read again when it has changed."""

    def __init__(self, path: Path, jwt: ModuleType) -> None:
        """ConfigError where there is none, or it has a fault."""
        self._file = RereadFile(path, lambda octets: parse_key_set(octets, jwt))
        self._calls = OutsideCalls("token-keys")
        try:
            self._file.content()
        except AuthenticationUnavailable as error:
            raise ConfigError(f"oauth_jwks: {error}") from error

    async def find(self, key_id: str, algorithm: TokenAlgorithm) -> Sequence[SigningKey]:
        return _fitting(await self._calls.run(self._file.content), key_id, algorithm)

    async def close(self) -> None:
        self._calls.close()


class WebKeys:
    """Keys of a page, which is asked for when it is first needed, when it has grown old, and when a key is missing."""

    def __init__(
        self, exchange: WebExchange, jwt: ModuleType, *, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._exchange = exchange
        self._jwt = jwt
        self._clock_s = clock_s
        self._calls = OutsideCalls("token-keys")
        self._asking = asyncio.Lock()
        self._keys: Sequence[SigningKey] = ()
        self._known_s: float | None = None
        """When the keys were learnt."""
        self._failed: tuple[float, str] | None = None

    async def find(self, key_id: str, algorithm: TokenAlgorithm) -> Sequence[SigningKey]:
        if self._age_s() >= RENEWED_S:
            await self._renew(RENEWED_S, needed=self._age_s() >= HELD_S)
        found = _fitting(self._keys, key_id, algorithm)
        if not found and self._age_s() >= ASKED_AGAIN_S:
            await self._renew(ASKED_AGAIN_S, needed=True)
            found = _fitting(self._keys, key_id, algorithm)
        return found

    async def close(self) -> None:
        self._calls.close()
        self._exchange.close()

    def _age_s(self) -> float:
        return float("inf") if self._known_s is None else self._clock_s() - self._known_s

    async def _renew(self, age_s: float, *, needed: bool) -> None:
        """Ask, if nobody else has meanwhile. AuthenticationUnavailable where it is needed, and cannot be had."""
        async with self._asking:
            if self._age_s() < age_s:
                return
            if self._failed is None or self._clock_s() >= self._failed[0] + RETRY_S:
                try:
                    self._keys = await self._calls.run(lambda: parse_answer(self._exchange.get(), self._jwt))
                except AuthenticationUnavailable as error:
                    self._failed = (self._clock_s(), str(error))
                    log.warning("token_keys_unavailable", extra={"reason": str(error)})
                else:
                    self._known_s, self._failed = self._clock_s(), None
                    log.info("token_keys_read", extra={"keys": len(self._keys)})
                    return
            if needed:
                raise AuthenticationUnavailable(self._failed[1])


def parse_answer(octets: bytes, jwt: ModuleType) -> list[SigningKey]:
    """AuthenticationUnavailable for what is no set of keys."""
    try:
        return parse_key_set(octets, jwt)
    except ValueError as error:
        raise AuthenticationUnavailable(f"oauth_jwks: {error}") from error


def parse_key_set(octets: bytes, jwt: ModuleType) -> list[SigningKey]:
    """The keys for signatures; those that are none, or of kinds that are not known here, are left out (RFC 7517 §5).
    ValueError for what is no set of keys."""
    try:
        found = json.loads(octets)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not JSON") from error
    keys = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(keys, list):
        raise ValueError("it is no set of keys (RFC 7517)")
    parsed = [_parse_key(each, jwt) for each in keys[:KEYS_MAX] if isinstance(each, dict)]
    return [each for each in parsed if each is not None]


def _parse_key(fields: dict[str, object], jwt: ModuleType) -> SigningKey | None:
    algorithms = jwt.algorithms
    kinds = {"RSA": algorithms.RSAAlgorithm, "EC": algorithms.ECAlgorithm, "OKP": algorithms.OKPAlgorithm}
    kind = kinds.get(str(fields.get("kty")))
    operations = fields.get("key_ops", ["verify"])
    if kind is None or fields.get("use", "sig") != "sig":
        return None
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    # A private key does not belong there, and its public part is enough.
    public = {name: value for name, value in fields.items() if name in ("kty", "crv", "n", "e", "x", "y")}
    try:
        key = kind.from_jwk(public)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None
    if isinstance(key, rsa.RSAPublicKey) and not RSA_BITS[0] <= key.key_size <= RSA_BITS[1]:
        return None
    if not isinstance(key, PublicKey):
        return None
    return SigningKey(_text(fields.get("kid")), _text(fields.get("alg")), key)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _fitting(keys: Sequence[SigningKey], key_id: str, algorithm: TokenAlgorithm) -> list[SigningKey]:
    return [key for key in keys if key.fits(algorithm) and (not key_id or key.id == key_id)]
