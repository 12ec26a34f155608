"""Logins that were verified lately, so that a client that comes back at once costs no argon2 again, and asks no server
of the network.

What is remembered is no password and nothing to guess one from outside this process: a digest under a random key that
lives as long as the process. Whoever recalls a login asks whether its credential is still the same (`is_current`); of
one that somebody outside has checked nothing is known, so it holds for its time.
"""

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from angarium.auth.verifying import CredentialStamp

_LIMIT = 50_000


class _Verified(NamedTuple):
    until_s: float
    stamp: CredentialStamp


class VerifiedLogins:
    """Of one service and its settings, since another may have other verifiers; bounded, the oldest go first."""

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
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()

    def __len__(self) -> int:
        return len(self._verified)

    def recall(self, userid: str, password: str) -> CredentialStamp | None:
        """What this password was found right for, if that was not too long ago."""
        verified = self._verified.get(self._digest(userid, password))
        return verified.stamp if verified is not None and self._clock_s() < verified.until_s else None

    def remember(self, password: str, stamp: CredentialStamp) -> None:
        """Note that the password is right. It is asked for anew when the time is over, however often it is used."""
        if self._kept_s <= 0:
            return
        digest = self._digest(stamp.userid, password)
        self._verified[digest] = _Verified(self._clock_s() + self._kept_s, stamp)
        self._verified.move_to_end(digest)
        while len(self._verified) > self._limit or self._is_oldest_over():
            self._verified.popitem(last=False)

    def _is_oldest_over(self) -> bool:
        return next(iter(self._verified.values())).until_s <= self._clock_s()

    def _digest(self, userid: str, password: str) -> bytes:
        # NUL is in no user name.
        parts = f"{userid}\0{password}"
        # By its key BLAKE2 is a MAC, at a tenth of what OpenSSL takes for an HMAC.
        return hashlib.blake2b(parts.encode(errors="surrogatepass"), key=self._key, digest_size=32).digest()
