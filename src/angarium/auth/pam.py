"""Passwords checked by the PAM of the machine, which somebody with the rights for it asks (`PamAsker`)."""

import logging
from typing import Final, Protocol

from angarium.auth.boundedcalls import BoundedCalls
from angarium.auth.spelling import is_as_prepared
from angarium.auth.verifying import CredentialStamp, PasswordLogin
from angarium.errors import AuthenticationUnavailable, StoreBusy

log = logging.getLogger(__name__)

TEXT_OCTETS_MAX: Final = 511
"""PAM takes no longer answer (PAM_MAX_RESP_SIZE)."""
_AT_ONCE: Final = 4

_SUCCESS: Final = 0
_WRONG: Final = frozenset({6, 7, 10, 11})
"""No permission, wrong, no such user, too many tries."""
_EXPIRED: Final = frozenset({12, 13, 27})
"""The password must be changed, the account has expired, the password has expired."""
_FAULTS: Final = {
    1: "a module cannot be loaded",
    2: "a module lacks a function",
    3: "a module has a fault",
    4: "a system error",
    8: "its modules may not read what they check passwords by",
    9: "whom its modules ask cannot be asked",
    19: "a module asks for more than a password",
    26: "it cannot go on",
    28: "a module is not known",
    254: "its process has failed",
    255: "there is no libpam on this machine",
}


class PamAsker(Protocol):
    """Asks PAM."""

    async def check_pam(self, service: str, user: str, password: str, address: str) -> int:
        """PAM's return code; StoreBusy where there is none. No text has a NUL or more than `TEXT_OCTETS_MAX` octets."""


class PamVerifier:
    """Asks PAM for its service of the protocol's name."""

    name = "pam"

    def __init__(self, asker: PamAsker, calls: BoundedCalls | None = None) -> None:
        self._asker = asker
        self._calls = calls or BoundedCalls(at_once=_AT_ONCE)

    async def verify(self, login: PasswordLogin) -> CredentialStamp | None:
        """The name that PAM is asked about has the domain, where there is one. AuthenticationUnavailable."""
        name, password = str(login.userid), login.password
        if not (is_as_prepared(name) and _is_possible(name) and _is_possible(password)):
            return None
        try:
            code = await self._calls.run(
                lambda: self._asker.check_pam(login.service, name, password, login.address), login.claimant
            )
        except StoreBusy as error:
            raise AuthenticationUnavailable(str(error)) from error
        if code == _SUCCESS:
            return CredentialStamp(name)
        if code in _EXPIRED:
            log.info("account_expired", extra={"method": self.name, "user": name})
            return None
        if code in _WRONG:
            return None
        raise AuthenticationUnavailable(f"PAM says {code}: {_FAULTS.get(code, 'see its own log')}")

    async def close(self) -> None:
        """Nothing outlives its question."""


def _is_possible(text: str) -> bool:
    return bool(text) and "\0" not in text and len(text.encode(errors="surrogatepass")) <= TEXT_OCTETS_MAX
