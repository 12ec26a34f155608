"""The mechanisms SCRAM-SHA-1, SCRAM-SHA-256 and SCRAM-SHA-512, with and without channel binding (RFC 5802, RFC 7677).

What fails ends the exchange at once: the message with `e=` is left out, as RFC 5802 §5.1 allows, since no protocol here
can send data along with a refusal, and a client that gets it as a challenge would cancel instead of hearing the word.
"""

import hashlib
import hmac
from typing import Final

from angarium.errors import FailureReason
from angarium.sasl.exchange import (
    MAX_IDENTITY_OCTETS,
    Answer,
    Challenge,
    ExchangeSetting,
    Failed,
    KeysWanted,
    Outcome,
    Proven,
)
from angarium.sasl.gs2 import BindingFlag, Gs2Header, split_header
from angarium.sasl.scram import ScramHash, ScramKeys, xor
from angarium.sasl.scrammessages import ClientFinal, encode_base64, parse_client_final, parse_client_first

# Name and authorization identity, each octet of which may be escaped by three, and a nonce; and then the binding.
_MAX_MESSAGE_OCTETS: Final = 8 * MAX_IDENTITY_OCTETS


class ScramServer:
    """One exchange; with `plus` it must be bound to the channel."""

    __slots__ = (
        "_authzid",
        "_bare",
        "_binding",
        "_challenge",
        "_hash",
        "_keys",
        "_nonce",
        "_plus",
        "_setting",
        "_username",
    )

    def __init__(self, scram_hash: ScramHash, setting: ExchangeSetting, *, plus: bool = False) -> None:
        self._hash = scram_hash
        self._setting = setting
        self._plus = plus
        self._authzid: str | None = None
        self._bare = b""
        self._binding = b""
        """Header and data that the client must send back."""
        self._challenge = b""
        self._keys: ScramKeys | None = None
        self._nonce = ""
        self._username = ""

    def step(self, response: bytes | None) -> Outcome:
        """Asks for the first message with an empty challenge if it did not come as initial response."""
        if response is None:
            return Challenge(b"")
        if len(response) > _MAX_MESSAGE_OCTETS:
            return Failed(FailureReason.TOO_LONG)
        return self._begin(response) if self._keys is None else self._finish(response, self._keys)

    def answer(self, answer: Answer) -> Outcome:
        """The keys: salt and iterations go to the client."""
        assert isinstance(answer, ScramKeys)
        self._keys = answer
        self._challenge = f"r={self._nonce},s={encode_base64(answer.salt)},i={answer.iterations}".encode()
        return Challenge(self._challenge)

    def _begin(self, message: bytes) -> Outcome:
        split = split_header(message)
        if isinstance(split, Failed):
            return split
        header, length = split
        data = self._bound_data(header)
        if isinstance(data, Failed):
            return data
        first = parse_client_first(message[length:])
        if isinstance(first, Failed):
            return first
        self._authzid = header.authzid
        self._bare = message[length:]
        self._binding = message[:length] + data
        self._nonce = first.nonce + self._setting.nonce()
        self._username = first.username
        return KeysWanted(first.username, self._hash)

    def _bound_data(self, header: Gs2Header) -> bytes | Failed:
        """What the exchange is bound to (RFC 5802 §6)."""
        if header.flag is BindingFlag.USED:
            # Without -PLUS too: clients that are built on Cyrus SASL name the mechanism so where -PLUS is announced.
            return self._setting.bindings.get(header.binding) or Failed(FailureReason.UNSUPPORTED)
        if self._plus:
            return Failed(FailureReason.UNSUPPORTED)
        if header.flag is BindingFlag.NOT_ANNOUNCED and self._setting.announces_plus:
            # Somebody has kept the announcement from the client.
            return Failed(FailureReason.BINDING)
        return b""

    def _finish(self, message: bytes, keys: ScramKeys) -> Outcome:
        final = parse_client_final(message)
        if isinstance(final, Failed):
            return final
        if not hmac.compare_digest(final.nonce.encode(), self._nonce.encode()):
            return Failed(FailureReason.MALFORMED)
        if not hmac.compare_digest(final.binding, self._binding):
            return Failed(FailureReason.BINDING)
        signed = b",".join((self._bare, self._challenge, final.without_proof))
        if not self._is_proof(final, signed, keys):
            return Failed(FailureReason.WRONG_PROOF)
        signature = hmac.digest(keys.server, signed, self._hash.value)
        return Proven(self._username, self._authzid, f"v={encode_base64(signature)}".encode())

    def _is_proof(self, final: ClientFinal, signed: bytes, keys: ScramKeys) -> bool:
        signature = hmac.digest(keys.stored, signed, self._hash.value)
        if len(final.proof) != len(signature):
            return False
        client_key = xor(final.proof, signature)
        return hmac.compare_digest(hashlib.new(self._hash.value, client_key).digest(), keys.stored)
