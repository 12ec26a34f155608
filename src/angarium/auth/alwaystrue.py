"""Any password is right (`alwaystrue`): for tests and measurements, so only for clients on this machine itself."""

import ipaddress

from angarium.auth.verifying import CredentialStamp, PasswordLogin


class AlwaysTrueVerifier:
    """Refuses whoever comes over a network."""

    name = "alwaystrue"

    async def verify(self, login: PasswordLogin) -> CredentialStamp | None:
        return CredentialStamp(str(login.userid)) if login.password and _is_local(login.address) else None

    async def close(self) -> None:
        """There is nothing."""


def _is_local(address: str) -> bool:
    """An empty one is that of a unix socket."""
    try:
        return not address or ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
