"""The injected sources of time and chance (DESIGN §11): nothing else in the engine or above asks for either."""

import secrets
import time
from typing import Protocol

ID_ALPHABET = "0123456789abcdefghijklmnopqrstuv"


class Sources(Protocol):
    """Where time, random numbers and ids come from."""

    def now_s(self) -> int:
        """Seconds since 1970 UTC."""

    def random_id(self) -> str:
        """24 characters of `ID_ALPHABET`, never given before."""

    def random_63(self) -> int:
        """A number from 1 to 2**63-1."""


class SystemSources:
    """The machine's clock and its cryptographic generator."""

    def now_s(self) -> int:
        return int(time.time())

    def random_id(self) -> str:
        number = secrets.randbits(120)
        return "".join(ID_ALPHABET[(number >> shift) & 31] for shift in range(0, 120, 5))

    def random_63(self) -> int:
        return secrets.randbits(63) or 1
