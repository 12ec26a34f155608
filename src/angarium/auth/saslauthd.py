"""Passwords checked by saslauthd, over its unix socket.

A question is four counted strings (two octets of length, the most significant first): login, password, service, realm.
The answer is one, `OK` or `NO` with a text behind; the daemon closes the connection after it.
"""

import asyncio
import struct
from pathlib import Path
from typing import Final

from angarium.auth.boundedcalls import BoundedCalls
from angarium.auth.spelling import is_as_prepared
from angarium.auth.verifying import CredentialStamp, PasswordLogin
from angarium.errors import AuthenticationUnavailable

PART_OCTETS_MAX: Final = 256
"""The daemon refuses longer ones, and may close before it has read them."""
_LENGTH: Final = struct.Struct(">H")
_ANSWER_OCTETS_MAX: Final = 1024

_FAULTS: Final = (
    "[ALERT]",
    "saslauthd internal error",
    "PAM start error",
    "internal mechanism failure",
    "NULL response",
    "Username lookup failure",
    "Username shadow lookup failure",
    "Insufficient permission",
    "saslauthd principal name error",
    "krb5_verify_init_creds failed",
)
"""Beginnings of what it says where the fault is its own, or that of whom it asks, and not the password's."""


class SaslauthdVerifier:
    """Asks a saslauthd, each time by a connection of its own, as the daemon wants it."""

    name = "saslauthd"

    def __init__(self, path: Path, calls: BoundedCalls | None = None) -> None:
        self._path = path
        self._calls = calls or BoundedCalls()

    async def verify(self, login: PasswordLogin) -> CredentialStamp | None:
        """A user's domain goes as the realm. AuthenticationUnavailable where no daemon answers."""
        userid = login.userid
        if not is_as_prepared(str(userid)):
            return None
        question = serialize_question(userid.localpart, login.password, login.service, userid.domain or "")
        if question is None:
            return None
        answer = await self._calls.run(lambda: ask_saslauthd(self._path, question), login.claimant)
        return CredentialStamp(str(userid)) if is_right(answer) else None

    async def close(self) -> None:
        """No connection outlives its question."""


def serialize_question(login: str, password: str, service: str, realm: str) -> bytes | None:
    """None for a login or password that the daemon would never find right: empty, too long, with a NUL."""
    if not login or not password:
        return None
    octets = b""
    for part in (login, password, service, realm):
        encoded = part.encode(errors="surrogatepass")
        if len(encoded) > PART_OCTETS_MAX or 0 in encoded:
            return None
        octets += _LENGTH.pack(len(encoded)) + encoded
    return octets


async def ask_saslauthd(path: Path, question: bytes) -> str:
    """The daemon's own words. AuthenticationUnavailable where there is none, or what answers is none."""
    try:
        reader, writer = await asyncio.open_unix_connection(path)
        try:
            writer.write(question)
            (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
            if not 2 <= length <= _ANSWER_OCTETS_MAX:
                raise AuthenticationUnavailable(f"{path} gives an answer that is none of saslauthd's")
            return (await reader.readexactly(length)).decode(errors="replace")
        finally:
            # Nothing of it is wanted any more, an unread rest of the question least of all.
            writer.transport.abort()
    except OSError as error:
        raise AuthenticationUnavailable(f"{path}: {error.strerror or type(error).__name__}") from error
    except asyncio.IncompleteReadError as error:
        raise AuthenticationUnavailable(f"{path} ended without an answer") from error


def is_right(answer: str) -> bool:
    """What an answer says of the password. AuthenticationUnavailable where it says that it could not be checked."""
    word, text = answer[:2], answer[2:].strip(" \0")
    if word == "OK":
        return True
    if word != "NO":
        raise AuthenticationUnavailable("saslauthd gave neither OK nor NO")
    if text.startswith(_FAULTS):
        raise AuthenticationUnavailable(f"saslauthd: {text[:200]}")
    return False
