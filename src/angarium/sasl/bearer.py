"""The mechanisms OAUTHBEARER (RFC 7628) and XOAUTH2, in which a bearer token says who it is (RFC 6750)."""

import json
import re
from collections.abc import Callable
from typing import Final

from angarium.errors import FailureReason
from angarium.sasl.base64line import MAX_LINE_OCTETS
from angarium.sasl.exchange import (
    Answer,
    Challenge,
    Failed,
    Outcome,
    Proven,
    TokenAccepted,
    TokenRefused,
    TokenWanted,
    decode_text,
)
from angarium.sasl.gs2 import BindingFlag, split_header

_SEPARATOR: Final = b"\x01"
_USER: Final = b"user="
_PAIR: Final = re.compile(rb"([A-Za-z]+)=([\x20-\x7e\t\r\n]*)")
_BEARER: Final = re.compile(rb"bearer +([A-Za-z0-9._~+/-]+=*) *", re.IGNORECASE)
"""RFC 6750 §2.1."""


class BearerServer:
    """One message of the client; then, where the token is refused, why, and a message that says nothing."""

    __slots__ = ("_authzid", "_explain", "_is_refused", "_read")

    def __init__(
        self, read: Callable[[bytes], TokenWanted | Failed], explain: Callable[[TokenRefused], dict[str, str]]
    ) -> None:
        self._read = read
        self._explain = explain
        self._authzid: str | None = None
        self._is_refused = False

    def step(self, response: bytes | None) -> Outcome:
        """Asks for the message with an empty challenge if it did not come as initial response."""
        if self._is_refused:
            # Whatever it says (RFC 7628 §3.2.3).
            return Failed(FailureReason.WRONG_PROOF)
        if response is None:
            return Challenge(b"")
        if len(response) > MAX_LINE_OCTETS:
            return Failed(FailureReason.TOO_LONG)
        wanted = self._read(response)
        if isinstance(wanted, TokenWanted):
            self._authzid = wanted.authzid
        return wanted

    def answer(self, answer: Answer) -> Outcome:
        """Whether the token holds."""
        if isinstance(answer, TokenAccepted):
            return Proven(answer.authcid, self._authzid)
        assert isinstance(answer, TokenRefused)
        self._is_refused = True
        return Challenge(json.dumps(self._explain(answer)).encode())


def oauthbearer_server() -> BearerServer:
    """The standard's form."""
    return BearerServer(_read_oauthbearer, _explain_oauthbearer)


def xoauth2_server() -> BearerServer:
    """The form of Google, which is older: the user is one of the pairs, and the error has a status of HTTP."""
    return BearerServer(_read_xoauth2, _explain_xoauth2)


def _read_oauthbearer(message: bytes) -> TokenWanted | Failed:
    split = split_header(message)
    if isinstance(split, Failed):
        return split
    header, length = split
    if header.flag is BindingFlag.USED:
        return Failed(FailureReason.UNSUPPORTED)
    pairs = _pairs(message[length:])
    return pairs if isinstance(pairs, Failed) else TokenWanted(_token(pairs), header.authzid)


def _explain_oauthbearer(refused: TokenRefused) -> dict[str, str]:
    """RFC 7628 §3.2.2."""
    refusal = {"status": refused.status}
    if refused.scope:
        refusal["scope"] = refused.scope
    if refused.openid_configuration:
        refusal["openid-configuration"] = refused.openid_configuration
    return refusal


def _read_xoauth2(message: bytes) -> TokenWanted | Failed:
    first, separator, rest = message.partition(_SEPARATOR)
    if not first.lower().startswith(_USER):
        return Failed(FailureReason.MALFORMED)
    user = decode_text(first[len(_USER) :])
    if isinstance(user, Failed):
        return user
    pairs = _pairs(separator + rest)
    return pairs if isinstance(pairs, Failed) else TokenWanted(_token(pairs), user or None)


def _explain_xoauth2(refused: TokenRefused) -> dict[str, str]:
    return {"status": "401", "schemes": "bearer", "scope": refused.scope}


def _pairs(octets: bytes) -> dict[str, bytes] | Failed:
    """A separator, pairs with one behind each, and another one; keys in lower case, of equal ones the last."""
    if not octets.startswith(_SEPARATOR) or not octets.endswith(2 * _SEPARATOR):
        return Failed(FailureReason.MALFORMED)
    pairs: dict[str, bytes] = {}
    for pair in octets[1:-1].split(_SEPARATOR)[:-1]:
        match = _PAIR.fullmatch(pair)
        if match is None:
            return Failed(FailureReason.MALFORMED)
        pairs[match[1].decode().lower()] = match[2]
    return pairs


def _token(pairs: dict[str, bytes]) -> str:
    """Empty where there is none: clients ask so what they need (RFC 7628 §4.3)."""
    match = _BEARER.fullmatch(pairs.get("auth", b""))
    return match[1].decode() if match is not None else ""
