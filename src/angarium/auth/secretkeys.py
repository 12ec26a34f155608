"""Keys of SCRAM of users whose passwords are known as they are.

Salt and iterations are those that a user who is not there is shown, and the keys are computed for her too, so that
neither tells who is there.
"""

import asyncio
from collections import OrderedDict
from typing import Final

from angarium.auth.boundedcalls import BoundedCalls
from angarium.auth.fairturns import NOBODY, Claimant
from angarium.auth.proof import made_up_keys
from angarium.auth.verifying import KnownKeys, SecretSource
from angarium.errors import PreparationFailed
from angarium.names import UserId
from angarium.sasl import ScramHash, ScramKeys, derive_keys

_COMPUTING: Final = 2
_KEPT_MAX: Final = 1000


class SecretKeys:
    """A KeySource over one that knows secrets."""

    def __init__(self, source: SecretSource, seed: bytes) -> None:
        """`seed` is that of the keys that are made up."""
        self._source = source
        self._seed = seed
        self._calls = BoundedCalls(at_once=_COMPUTING)
        self._kept: OrderedDict[tuple[str, ScramHash], tuple[str, ScramKeys]] = OrderedDict()
        """With the secret that they were computed of."""

    async def keys(
        self,
        userid: UserId,
        hash: ScramHash,  # noqa: A002 - the RFC's word
        claimant: Claimant = NOBODY,
    ) -> KnownKeys | None:
        """AuthenticationUnavailable."""
        known = await self._source.secret(userid, "", claimant)
        secret = known.secret if known is not None else ""
        place = (str(userid), hash)
        kept = self._kept.get(place)
        if kept is None or kept[0] != secret:
            computed = await self._calls.run(
                lambda: asyncio.to_thread(self._compute, str(userid), secret, hash), claimant
            )
            kept = self._kept[place] = (secret, computed)
            if len(self._kept) > _KEPT_MAX:
                self._kept.popitem(last=False)
        return KnownKeys(kept[1], known.stamp) if known is not None else None

    def _compute(self, name: str, secret: str, scram_hash: ScramHash) -> ScramKeys:
        made_up = made_up_keys(self._seed, name, scram_hash)
        try:
            return derive_keys(secret or "-", salt=made_up.salt, iterations=made_up.iterations, hash=scram_hash)
        except PreparationFailed:
            # Nobody can send such a password by SCRAM (RFC 5802 §2.2).
            return made_up
