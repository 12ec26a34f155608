"""Bearer tokens about which their issuer is asked (RFC 7662)."""

import base64
import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final
from urllib.parse import quote_plus, urlencode

from angarium.auth.fairturns import NOBODY, Claimant
from angarium.auth.outsidecalls import OutsideCalls
from angarium.auth.signedtokens import openid_configuration
from angarium.auth.tokenclaims import user_of
from angarium.auth.verifying import TokenNotGood, TokenUser
from angarium.auth.webexchange import WebExchange
from angarium.config import OauthSettings
from angarium.errors import AuthenticationUnavailable

KEPT_S: Final = 120.0
"""A token that was revoked is good for this long still."""
KEPT_MAX: Final = 10_000


class AskedTokens:
    """Asks about tokens; a TokenVerifier."""

    def __init__(self, settings: OauthSettings, *, now_s: Callable[[], float] = time.time) -> None:
        """ConfigError for settings that cannot do."""
        self._settings = settings
        self._exchange = WebExchange(
            "oauth_introspection_url", settings.oauth_introspection_url, settings.oauth_ca_file
        )
        self._calls = OutsideCalls("tokens")
        self._now_s = now_s
        self._kept: OrderedDict[bytes, tuple[float, TokenUser]] = OrderedDict()
        """By digest, until when."""
        self.openid_configuration = openid_configuration(settings)
        self.scope = " ".join(settings.oauth_scope)

    async def verify(self, token: str, claimant: Claimant = NOBODY) -> TokenUser:
        """TokenNotGood; AuthenticationUnavailable."""
        digest = hashlib.sha256(token.encode(errors="surrogatepass")).digest()
        kept = self._kept.get(digest)
        if kept is not None and self._now_s() < kept[0]:
            return kept[1]
        self._kept.pop(digest, None)
        answer = await self._calls.run(lambda: self._ask(token), claimant)
        user = self._user(answer)
        self._keep(digest, user)
        return user

    async def close(self) -> None:
        self._calls.close()
        self._exchange.close()

    def _user(self, answer: dict[str, object]) -> TokenUser:
        if answer.get("active") is not True:
            raise TokenNotGood("its issuer says that it is not active")
        if str(answer.get("token_type", "bearer")).lower() not in ("bearer", "access_token"):
            raise TokenNotGood("it is no bearer token")
        if answer.get("token_use", "access_token") != "access_token":
            raise TokenNotGood("it is a token for another purpose")
        return user_of(answer, self._settings, now_s=self._now_s())

    def _keep(self, digest: bytes, user: TokenUser) -> None:
        until_s = self._now_s() + KEPT_S
        if user.expires_at_s is not None:
            until_s = min(until_s, user.expires_at_s)
        self._kept[digest] = (until_s, user)
        if len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)

    def _ask(self, token: str) -> dict[str, object]:
        """In a thread."""
        settings = self._settings
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if settings.oauth_client_id:
            # Encoded as a form would have them (RFC 6749 §2.3.1).
            pair = f"{quote_plus(settings.oauth_client_id)}:{quote_plus(settings.oauth_client_secret.text)}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        body = urlencode({"token": token, "token_type_hint": "access_token"}, errors="replace").encode()
        try:
            answer = json.loads(self._exchange.post(body, headers))
        except (ValueError, RecursionError) as error:
            raise AuthenticationUnavailable("oauth_introspection_url: the answer is not JSON") from error
        if not isinstance(answer, dict) or not isinstance(answer.get("active"), bool):
            raise AuthenticationUnavailable("oauth_introspection_url: the answer says nothing of the token (RFC 7662)")
        return answer
