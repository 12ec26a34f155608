"""The mechanism CRAM-MD5 (RFC 2195)."""

import hmac
import re
from typing import Final

from angarium.errors import FailureReason
from angarium.sasl.exchange import (
    Answer,
    Challenge,
    ExchangeSetting,
    Failed,
    Outcome,
    Proven,
    SecretWanted,
    decode_text,
)

_DIGEST: Final = re.compile(rb"[0-9a-f]{32}")


class CramMd5Server:
    """A challenge of the server, and one answer."""

    __slots__ = ("_authcid", "_challenge", "_digest", "_setting")

    def __init__(self, setting: ExchangeSetting) -> None:
        self._setting = setting
        self._challenge = b""
        self._authcid = ""
        self._digest = b""

    def step(self, response: bytes | None) -> Outcome:
        """The server speaks first, so that an initial response ends the exchange."""
        if not self._challenge:
            if response is not None:
                return Failed(FailureReason.MALFORMED)
            self._challenge = f"<{self._setting.nonce()}@{self._setting.host}>".encode()
            return Challenge(self._challenge)
        # A user name may hold spaces, a digest none.
        name, _, digest = (response or b"").rpartition(b" ")
        text = decode_text(name)
        if isinstance(text, Failed):
            return text
        if _DIGEST.fullmatch(digest) is None:
            return Failed(FailureReason.MALFORMED)
        if not text:
            return Failed(FailureReason.EMPTY_AUTHCID)
        self._authcid, self._digest = text, digest
        return SecretWanted(text)

    def answer(self, answer: Answer) -> Outcome:
        """The same work for a user who has no secret."""
        assert answer is None or isinstance(answer, str)
        expected = hmac.digest((answer or "").encode(), self._challenge, "md5").hex().encode()
        if hmac.compare_digest(expected, self._digest) and answer:
            return Proven(self._authcid)
        return Failed(FailureReason.WRONG_PROOF)
