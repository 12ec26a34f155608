"""The mechanism LOGIN, which was never standardised and which old clients still prefer.

The server asks for the user name, then for the password. Some clients send the name as initial response.
"""

from angarium.errors import FailureReason
from angarium.sasl.exchange import (
    AsksNothing,
    Challenge,
    CredentialsWanted,
    Failed,
    Outcome,
    decode_text,
)

_USERNAME_PROMPT = b"Username:"
_PASSWORD_PROMPT = b"Password:"


class LoginServer(AsksNothing):
    """An exchange of LOGIN; remembers the name while it waits for the password."""

    __slots__ = ("_authcid",)

    def __init__(self) -> None:
        self._authcid: str | None = None

    def step(self, response: bytes | None) -> Outcome:
        """Prompts for the name, then for the password."""
        if response is None:
            return Challenge(_USERNAME_PROMPT)
        text = decode_text(response)
        if isinstance(text, Failed):
            return text
        if self._authcid is not None:
            return CredentialsWanted(self._authcid, text) if text else Failed(FailureReason.EMPTY_PASSWORD)
        if not text:
            return Failed(FailureReason.EMPTY_AUTHCID)
        self._authcid = text
        return Challenge(_PASSWORD_PROMPT)
