"""Passwords compared with those that are known as they are (`auxprop`)."""

import hmac

from angarium.auth.passwords import prepared_for_check
from angarium.auth.verifying import CredentialStamp, PasswordLogin, SecretSource


class AuxpropVerifier:
    """Compares with what one source knows."""

    def __init__(self, source: SecretSource) -> None:
        self._source = source
        self.name = f"auxprop:{source.name}"

    async def verify(self, login: PasswordLogin) -> CredentialStamp | None:
        """AuthenticationUnavailable. A comparison takes no time that could be measured from afar."""
        known = await self._source.secret(login.userid, "", login.claimant)
        if known is None:
            return None
        typed, secret = (
            prepared_for_check(each).encode(errors="surrogatepass") for each in (login.password, known.secret)
        )
        return known.stamp if secret and hmac.compare_digest(typed, secret) else None

    async def close(self) -> None:
        """The source is others' too."""
