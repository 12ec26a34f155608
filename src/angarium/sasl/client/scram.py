"""SCRAM as a client speaks it (RFC 5802, RFC 7677), with and without channel binding."""

import enum
import hashlib
import hmac
from typing import Final

from angarium.errors import ClientExchangeFailed, PreparationFailed
from angarium.sasl import saslprep
from angarium.sasl.client.exchange import ClientSetting
from angarium.sasl.exchange import Failed
from angarium.sasl.gs2 import BindingFlag, Gs2Header, escape_name, serialize_header
from angarium.sasl.scram import MIN_ITERATIONS, ClientKeys, ScramHash, derive_client_keys, xor
from angarium.sasl.scrammessages import ServerFirst, decode_base64, encode_base64, parse_server_first

MAX_ITERATIONS: Final = 10_000_000
"""A server that asks for more wants the client's time and nothing else."""

_NAMES: Final = {ScramHash.SHA_1: "SHA-1", ScramHash.SHA_256: "SHA-256", ScramHash.SHA_512: "SHA-512"}


class _Waits(enum.Enum):
    SERVER_FIRST = enum.auto()
    SERVER_FINAL = enum.auto()
    END = enum.auto()


class ScramClient:
    """Proves that it knows the password, and has the server prove that it knows the keys."""

    def __init__(self, scram_hash: ScramHash, setting: ClientSetting, *, plus: bool = False) -> None:
        self.name = f"SCRAM-{_NAMES[scram_hash]}{'-PLUS' if plus else ''}"
        self._hash = scram_hash
        self._setting = setting
        self._header, self._binding = _header_and_binding(setting, plus=plus)
        self._nonce = setting.nonce()
        self._bare = f"n={escape_name(_prepared(setting.authcid))},r={self._nonce}".encode()
        self._signature = b""
        """That the server must have."""
        self._waits = _Waits.SERVER_FIRST

    def start(self) -> bytes:
        """Name and nonce."""
        return self._header + self._bare

    def step(self, challenge: bytes) -> bytes:
        """The proof, and then nothing to the server's signature, where that comes as a challenge."""
        match self._waits:
            case _Waits.SERVER_FIRST:
                self._waits = _Waits.SERVER_FINAL
                return self._prove(challenge)
            case _Waits.SERVER_FINAL:
                self._verify(challenge)
                return b""
            case _Waits.END:
                raise ClientExchangeFailed("the server sent a challenge after the end")

    def succeed(self, final: bytes | None = None) -> None:
        """ClientExchangeFailed where the signature is wrong, or has not come."""
        if self._waits is _Waits.SERVER_FINAL and final is not None:
            self._verify(final)
        elif final:
            raise ClientExchangeFailed("the server sent data after the end")
        if self._waits is not _Waits.END:
            raise ClientExchangeFailed("the server has not proven that it knows the keys")

    def _prove(self, challenge: bytes) -> bytes:
        first = self._server_first(challenge)
        without_proof = f"c={encode_base64(self._header + self._binding)},r={first.nonce}".encode()
        message = b",".join((self._bare, challenge, without_proof))
        keys = self._keys(first)
        stored = hashlib.new(self._hash.value, keys.client).digest()
        self._signature = hmac.digest(keys.server, message, self._hash.value)
        proof = xor(keys.client, hmac.digest(stored, message, self._hash.value))
        return without_proof + f",p={encode_base64(proof)}".encode()

    def _server_first(self, challenge: bytes) -> ServerFirst:
        first = parse_server_first(challenge)
        if isinstance(first, Failed):
            raise ClientExchangeFailed(f"the server's first message is wrong: {first.reason.value}")
        if not first.nonce.startswith(self._nonce) or first.nonce == self._nonce:
            raise ClientExchangeFailed("the server's nonce does not go on from the client's")
        if not MIN_ITERATIONS <= first.iterations <= MAX_ITERATIONS:
            raise ClientExchangeFailed(f"the server wants {first.iterations} iterations")
        return first

    def _keys(self, first: ServerFirst) -> ClientKeys:
        password = _prepared(self._setting.password)
        return derive_client_keys(password, salt=first.salt, iterations=first.iterations, hash=self._hash)

    def _verify(self, final: bytes) -> None:
        attribute = final.partition(b",")[0]
        if attribute.startswith(b"e="):
            raise ClientExchangeFailed(f"the server says {attribute[2:].decode('ascii', 'replace')}")
        signature = decode_base64(attribute[2:]) if attribute.startswith(b"v=") else b""
        if isinstance(signature, Failed) or not hmac.compare_digest(signature, self._signature):
            raise ClientExchangeFailed("the server does not know the keys")
        self._waits = _Waits.END


def _header_and_binding(setting: ClientSetting, *, plus: bool) -> tuple[bytes, bytes]:
    """RFC 5802 §6: that the client could bind is said where the server has announced no mechanism that does."""
    if plus:
        name, data = next(iter(setting.bindings.items()))
        return serialize_header(Gs2Header(BindingFlag.USED, name, setting.authzid)), data
    unannounced = setting.announced and not any(name.endswith("-PLUS") for name in setting.announced)
    flag = BindingFlag.NOT_ANNOUNCED if setting.bindings and unannounced else BindingFlag.NONE
    return serialize_header(Gs2Header(flag, authzid=setting.authzid)), b""


def _prepared(text: str) -> str:
    try:
        return saslprep.prepare(text, allow_unassigned=True)
    except PreparationFailed as error:
        raise ClientExchangeFailed(f"the name or the password cannot be used: {error}") from error
