"""Logins that were verified lately, so that a client that comes back at once costs no argon2 again.

What is remembered is no password and nothing to guess one from outside this process: a digest under a random key that
lives as long as the process, of the password and of the credential as it was. A credential that was changed, disabled
or removed gives another digest or is not asked for, so nothing must be told to anybody when that happens.
"""

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

from angarium.engine.rows import CredentialRow

_LIMIT = 50_000


class VerifiedLogins:
    """One to a process; bounded, the oldest go first."""

    def __init__(
        self,
        *,
        kept_s: float,
        clock_s: Callable[[], float] = time.monotonic,
        limit: int = _LIMIT,
    ) -> None:
        self._kept_s = kept_s
        self._clock_s = clock_s
        self._limit = limit
        self._key = secrets.token_bytes(32)
        self._until_s: OrderedDict[bytes, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._until_s)

    def is_verified(self, credential: CredentialRow, password: str) -> bool:
        """Whether this password was found right for this very version of the credential, and not too long ago."""
        until_s = self._until_s.get(self._digest(credential, password))
        return until_s is not None and self._clock_s() < until_s

    def remember(self, credential: CredentialRow, password: str) -> None:
        """Note that the password is right. It is asked for anew when the time is over, however often it is used."""
        if self._kept_s <= 0:
            return
        digest = self._digest(credential, password)
        self._until_s[digest] = self._clock_s() + self._kept_s
        self._until_s.move_to_end(digest)
        while len(self._until_s) > self._limit or self._is_oldest_over():
            self._until_s.popitem(last=False)

    def _is_oldest_over(self) -> bool:
        return next(iter(self._until_s.values())) <= self._clock_s()

    def _digest(self, credential: CredentialRow, password: str) -> bytes:
        # NUL is in none of the parts but the last.
        parts = f"{credential.userid}\0{credential.version}\0{credential.password_hash}\0{password}"
        return hmac.digest(self._key, parts.encode(errors="surrogatepass"), hashlib.sha256)
