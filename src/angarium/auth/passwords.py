"""Password hashes (argon2id, RFC 9106) and the SCRAM keys beside them, made in threads of their own.

One argon2 computation takes `memory_kib` and a whole core for some 20-30 ms, so few run at a time, and few may wait: a
flood of guesses is refused for a moment instead of being queued for minutes.
"""

import asyncio
import base64
import json
import os
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeVar

import argon2

from angarium.auth.fairturns import NOBODY, Claimant, FairTurns
from angarium.auth.passwordhashes import check_hash
from angarium.errors import PreparationFailed, StoreDamaged
from angarium.sasl import ScramHash, ScramKeys, derive_keys, saslprep

SCRAM_MECHANISMS: Final = {
    "SCRAM-SHA-1": ScramHash.SHA_1,
    "SCRAM-SHA-256": ScramHash.SHA_256,
    "SCRAM-SHA-512": ScramHash.SHA_512,
}
"""By the names in the IANA registry."""

_SALT_OCTETS: Final = 16
_WAITING_MAX: Final = 500
_WAIT_S: Final = 20.0
"""As long as clients wait, when all of them log in at once."""
_BUSY_FROM: Final = 4
_NICENESS: Final = 5

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordCost:
    """What one password costs who checks it, and who guesses at stolen hashes."""

    passes: int = 2
    memory_kib: int = 24 * 1024
    scram_iterations: int = 65_536
    """RFC 5802 §5.1 asks for 4,096 at least; whoever steals the users' database tries SCRAM keys first, since they are
    cheaper to try than argon2id. Clients that are built on Cyrus SASL refuse more than this."""


DEFAULT_COST: Final = PasswordCost()


@dataclass(frozen=True, slots=True)
class PasswordKeys:
    """What is stored of a password."""

    password_hash: str
    """argon2id in PHC string form."""
    scram: str
    """The text of `serialize_scram`."""


class Passwords:
    """Makes and checks hashes; one to a process. `close` ends its threads."""

    def __init__(self, cost: PasswordCost = DEFAULT_COST, *, threads: int | None = None) -> None:
        self._cost = cost
        self._hasher = _hasher(cost)
        at_once = threads or len(os.sched_getaffinity(0))
        self._threads = ThreadPoolExecutor(at_once, "angarium-password", initializer=_stand_back)
        self._turns = FairTurns(at_once=at_once, waiting_max=_WAITING_MAX, wait_s=_WAIT_S)

    async def derive(self, password: str) -> PasswordKeys:
        """Everything that is stored of a new password. PreparationFailed for one that cannot be used."""
        prepared = saslprep.prepare(password)
        return await self._in_thread(NOBODY, lambda: self._derive(password, prepared))

    async def verify(self, password_hash: str, password: str, claimant: Claimant = NOBODY) -> bool:
        """Whether the hash, one of `derive` or one that was imported, was made of this password. StoreDamaged for what
        is no hash; AuthenticationUnavailable where too many wait already."""
        prepared = prepared_for_check(password)
        if is_own_hash(password_hash):
            return await self._in_thread(claimant, lambda: self._verify(password_hash, prepared))
        return await self._in_thread(claimant, lambda: self._verify_foreign(password_hash, password, prepared))

    @property
    def is_busy(self) -> bool:
        """Whether others wait, so that what can be done another time should be."""
        return self._turns.present >= _BUSY_FROM

    def is_outdated(self, password_hash: str) -> bool:
        """Whether `derive` would make another kind of hash now, or one at another cost."""
        return not is_own_hash(password_hash) or self._hasher.check_needs_rehash(password_hash)

    async def waste(self, password: str, claimant: Claimant = NOBODY) -> None:
        """Take as long as `verify`, so that nobody learns by the clock that there is no hash."""
        prepared = prepared_for_check(password)
        await self._in_thread(claimant, lambda: self._hasher.hash(prepared))

    def close(self) -> None:
        """What runs still is waited for."""
        self._threads.shutdown()

    async def _in_thread(self, claimant: Claimant, work: Callable[[], Answer]) -> Answer:
        await self._turns.take(claimant)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._turns.give_back()

    def _derive(self, password: str, prepared: str) -> PasswordKeys:
        # A salt for each: keys of one hash must not help to try those of another.
        keys = {
            mechanism: derive_keys(
                password,
                salt=secrets.token_bytes(_SALT_OCTETS),
                iterations=self._cost.scram_iterations,
                hash=scram_hash,
            )
            for mechanism, scram_hash in SCRAM_MECHANISMS.items()
        }
        return PasswordKeys(self._hasher.hash(prepared), serialize_scram(keys))

    def _verify(self, password_hash: str, prepared: str) -> bool:
        try:
            return self._hasher.verify(password_hash, prepared)
        except argon2.exceptions.VerifyMismatchError:
            return False
        except (argon2.exceptions.InvalidHash, argon2.exceptions.VerificationError) as error:
            raise StoreDamaged("a password hash cannot be read") from error

    def _verify_foreign(self, password_hash: str, password: str, prepared: str) -> bool:
        try:
            if check_hash(password_hash, password):
                return True
        except ValueError as error:
            raise StoreDamaged("a password hash cannot be read") from error
        # Many of them cost less than ours, which the clock would tell.
        self._hasher.hash(prepared)
        return False


def _stand_back() -> None:
    """Have the thread leave the processors to those that others wait for: on Linux niceness is a thread's own."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def is_own_hash(password_hash: str) -> bool:
    """Whether it has the form of those that `derive` makes; argon2id of others is stored as `{ARGON2ID}`, since the
    passwords in it were not prepared."""
    return password_hash.startswith("$argon2id$")


def needs_rehash(password_hash: str, cost: PasswordCost = DEFAULT_COST) -> bool:
    """Whether the hash was made at another cost than this, or by another system."""
    try:
        return _hasher(cost).check_needs_rehash(password_hash)
    except argon2.exceptions.InvalidHash:
        return True


def _hasher(cost: PasswordCost) -> argon2.PasswordHasher:
    return argon2.PasswordHasher(time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=1)


def prepared_for_check(password: str) -> str:
    """The password as it is compared (RFC 4616 §2). What cannot be prepared stays as it is: no stored password is
    equal to it, and the check takes its time all the same."""
    try:
        return saslprep.prepare(password, allow_unassigned=True)
    except PreparationFailed:
        return password


def serialize_scram(keys: dict[str, ScramKeys]) -> str:
    """JSON: mechanism to iterations, and salt, stored key and server key in base64 (RFC 5803's parts)."""
    return json.dumps(
        {
            mechanism: {
                "iterations": each.iterations,
                "salt": base64.b64encode(each.salt).decode(),
                "stored": base64.b64encode(each.stored).decode(),
                "server": base64.b64encode(each.server).decode(),
            }
            for mechanism, each in keys.items()
        }
    )


def parse_scram(text: str) -> dict[str, ScramKeys]:
    """The inverse of `serialize_scram`; empty text has no keys, and mechanisms of later versions are left out.
    StoreDamaged for anything else."""
    if not text:
        return {}
    try:
        return {
            mechanism: ScramKeys(
                SCRAM_MECHANISMS[mechanism],
                stored=base64.b64decode(each["stored"], validate=True),
                server=base64.b64decode(each["server"], validate=True),
                salt=base64.b64decode(each["salt"], validate=True),
                iterations=int(each["iterations"]),
            )
            for mechanism, each in json.loads(text).items()
            if mechanism in SCRAM_MECHANISMS
        }
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise StoreDamaged("SCRAM keys cannot be read") from error
