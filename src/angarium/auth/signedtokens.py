"""Bearer tokens that are JWTs, signed by who has issued them (RFC 7519, RFC 7515, RFC 8725)."""

import json
import time
from collections.abc import Callable
from typing import Final

from angarium.auth.fairturns import NOBODY, Claimant
from angarium.auth.tokenclaims import user_of
from angarium.auth.tokenkeys import KeySet, jwt_library, key_set
from angarium.auth.verifying import TokenNotGood, TokenUser
from angarium.config import OauthSettings, TokenAlgorithm
from angarium.errors import ConfigError

_TYPES: Final = frozenset({"", "jwt", "at+jwt"})
"""Tokens for other purposes say so (RFC 8725 §3.11)."""
_KEYS_TRIED: Final = 8
"""For a token that does not say by which it is signed."""


class SignedTokens:
    """Checks tokens by the issuer's keys; a TokenVerifier."""

    def __init__(
        self, settings: OauthSettings, keys: KeySet | None = None, *, now_s: Callable[[], float] = time.time
    ) -> None:
        """ConfigError for settings that cannot do."""
        for option, value in (("oauth_issuer", settings.oauth_issuer), ("oauth_audience", settings.oauth_audience)):
            if not value:
                raise ConfigError(f"{option}: it is not set, and oauth_jwks is")
        self._settings = settings
        self._jwt = jwt_library()
        self._keys = keys or key_set(settings)
        self._now_s = now_s
        self.openid_configuration = openid_configuration(settings)
        self.scope = " ".join(settings.oauth_scope)

    async def verify(self, token: str, _: Claimant = NOBODY) -> TokenUser:
        """TokenNotGood; AuthenticationUnavailable where the keys cannot be had."""
        return user_of(await self._claims(token), self._settings, now_s=self._now_s())

    async def close(self) -> None:
        await self._keys.close()

    async def _claims(self, token: str) -> dict[str, object]:
        """Those of a token that the issuer has signed. TokenNotGood."""
        algorithm, key_id = self._header(token)
        for key in (await self._keys.find(key_id, algorithm))[:_KEYS_TRIED]:
            try:
                payload: bytes = self._jwt.api_jws.decode(token, key=key.key, algorithms=[algorithm.value])
            except self._jwt.InvalidSignatureError:
                continue
            except (self._jwt.PyJWTError, ValueError, TypeError) as error:
                raise TokenNotGood("it is no JWT") from error
            return _parse_claims(payload)
        raise TokenNotGood("no key of the issuer has signed it")

    def _header(self, token: str) -> tuple[TokenAlgorithm, str]:
        try:
            header = self._jwt.get_unverified_header(token)
        except (self._jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise TokenNotGood("it is no JWT") from error
        algorithm, key_id, kind = header.get("alg"), header.get("kid", ""), header.get("typ", "")
        if algorithm not in self._settings.oauth_algorithms:
            raise TokenNotGood("it is signed by an algorithm that is not taken")
        if not isinstance(key_id, str) or not isinstance(kind, str) or "crit" in header:
            # What must be understood is not (RFC 7515 §4.1.11).
            raise TokenNotGood("its header is not understood")
        if kind.lower().removeprefix("application/") not in _TYPES:
            raise TokenNotGood("it is a token for another purpose")
        return TokenAlgorithm(algorithm), key_id


def openid_configuration(settings: OauthSettings) -> str:
    """What clients are told."""
    if settings.oauth_openid_configuration or not settings.oauth_issuer.startswith("https:"):
        return settings.oauth_openid_configuration
    return settings.oauth_issuer.rstrip("/") + "/.well-known/openid-configuration"


def _parse_claims(payload: bytes) -> dict[str, object]:
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise TokenNotGood("it is no JWT") from error
    if not isinstance(claims, dict):
        raise TokenNotGood("it is no JWT")
    # An answer about a token may leave these out; what is signed must say for whom it is, and for how long.
    for claim in ("exp", "iss", "aud"):
        if claim not in claims:
            raise TokenNotGood(f"it has no claim {claim!r}")
    return claims
