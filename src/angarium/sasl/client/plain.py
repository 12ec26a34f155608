"""PLAIN, LOGIN, EXTERNAL and ANONYMOUS, as a client speaks them (RFC 4616, RFC 4422 Appendix A, RFC 4505)."""

from angarium.errors import ClientExchangeFailed
from angarium.sasl.client.exchange import ClientSetting, OneResponse, WithoutServerProof


class PlainClient(OneResponse):
    """Sends both names and the password."""

    name = "PLAIN"

    def __init__(self, setting: ClientSetting) -> None:
        self._setting = setting

    def start(self) -> bytes:
        """The message; ClientExchangeFailed where it would fall into other parts."""
        setting = self._setting
        parts = (setting.authzid or "", setting.authcid, setting.password)
        if any("\0" in part for part in parts):
            raise ClientExchangeFailed("a name or the password holds NUL")
        return "\0".join(parts).encode()


class LoginClient(WithoutServerProof):
    """Answers two prompts, whatever they say."""

    name = "LOGIN"

    def __init__(self, setting: ClientSetting) -> None:
        self._answers = [setting.password.encode(), setting.authcid.encode()]

    def start(self) -> None:
        """The server asks first."""

    def step(self, challenge: bytes) -> bytes:  # noqa: ARG002  each mechanism has it
        """The name, then the password."""
        if not self._answers:
            raise ClientExchangeFailed("the server asks for more than a name and a password")
        return self._answers.pop()


class ExternalClient(OneResponse):
    """Sends whom it wants to act for."""

    name = "EXTERNAL"

    def __init__(self, setting: ClientSetting) -> None:
        self._authzid = setting.authzid or ""

    def start(self) -> bytes:
        """Empty for who the layer below says it is."""
        return self._authzid.encode()


class AnonymousClient(OneResponse):
    """Sends a trace."""

    name = "ANONYMOUS"

    def __init__(self, setting: ClientSetting) -> None:
        self._trace = setting.trace or ""

    def start(self) -> bytes:
        """The trace."""
        return self._trace.encode()
