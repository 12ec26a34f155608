"""URLs of messages and their parts (RFC 5092 §5, §11: imessagepart), as CATENATE takes them (RFC 4469 §3).

Absolute URLs and references that begin with a slash are read. Relative-path references are not, as RFC 5092 §7.2 has
it, nor are those with URLAUTH, EXPIRE or a search.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

_ACHAR: Final = r"(?:[A-Za-z0-9._~!$'()*+,&=-]|%[0-9A-Fa-f]{2})"
_BCHAR: Final = r"(?:[A-Za-z0-9._~!$'()*+,&=:@/-]|%[0-9A-Fa-f]{2})"
_NZ_NUMBER: Final = r"[1-9][0-9]{0,9}"

# a host is a name or an address, IPv6 in brackets (RFC 3986 §3.2.2)
_SERVER = re.compile(
    rf"(?:imap:)?//(?:({_ACHAR}+)?(?:;AUTH=(\*|{_ACHAR}+))?@)?(\[[0-9A-Fa-f:.]+\]|{_ACHAR}+)(?::([0-9]{{1,5}}))?(?=/)",
    re.IGNORECASE,
)
_MESSAGE = re.compile(
    rf"/(?!/)({_BCHAR}+)(?:;UIDVALIDITY=({_NZ_NUMBER}))?/;UID=({_NZ_NUMBER})(?:/;SECTION=({_BCHAR}+?))?"
    rf"(?:/;PARTIAL=([0-9]{{1,19}})(?:\.([1-9][0-9]{{0,18}}))?)?",
    re.IGNORECASE,
)

_MAXIMUM_NUMBER: Final = 0xFFFF_FFFF
_MAXIMUM_NUMBER64: Final = 0x7FFF_FFFF_FFFF_FFFF
_ASIDE: Final = "!$'()*+,&="
"""What `quote_from_bytes` need not encode, beside letters, digits and `-._~` (RFC 5092 §11, achar)."""


class ImapUrlInvalid(ValueError):
    """Not the URL of a message or its part."""


@dataclass(frozen=True, slots=True)
class ImapServer:
    """Where the message is; all as written, percent-encoding undone."""

    host: str
    port: int | None = None
    user: str | None = None
    auth: str | None = None
    """A SASL mechanism, or `*` for any."""


@dataclass(frozen=True, slots=True)
class UrlRange:
    """Octets of the part; no `count`: all that follow `offset`."""

    offset: int
    count: int | None = None


@dataclass(frozen=True, slots=True)
class MessageUrl:
    """A message, or with `section` a part of it, of the server that is asked where `server` is None.

    `mailbox` is the name as the client sees it, in Unicode (RFC 5092 §8), never empty. `section` is a section-spec of
    RFC 9051 §9, not checked; empty for the whole message.
    """

    mailbox: str
    uid: int
    uidvalidity: int | None = None
    section: str = ""
    partial: UrlRange | None = None
    server: ImapServer | None = None


def parse_message_url(url: bytes) -> MessageUrl:
    """ImapUrlInvalid for all but an absolute URL or absolute-path reference of a message or its part; O(octets)."""
    try:
        text = url.decode("ascii")
    except UnicodeDecodeError as error:
        raise ImapUrlInvalid("not an IMAP URL") from error
    at = 0
    server: ImapServer | None = None
    match = _SERVER.match(text)
    if match is not None:
        server = _server(match)
        at = match.end()
    match = _MESSAGE.fullmatch(text, at)
    if match is None:
        raise ImapUrlInvalid("not the URL of a message")
    mailbox, uidvalidity, uid, section, offset, count = match.groups()
    return MessageUrl(
        _decode(mailbox),
        _number(uid),
        None if uidvalidity is None else _number(uidvalidity),
        "" if section is None else _decode(section),
        None if offset is None else _range(offset, count),
        server,
    )


def serialize_message_url(url: MessageUrl) -> bytes:
    """The URL that `parse_message_url` reads as `url`."""
    server = "" if url.server is None else _serialize_server(url.server)
    mailbox = _serialize_mailbox(url.mailbox, url.uidvalidity)
    section = f"/;SECTION={_encode(url.section, ':@/')}" if url.section else ""
    partial = ""
    if url.partial is not None:
        count = "" if url.partial.count is None else f".{url.partial.count}"
        partial = f"/;PARTIAL={url.partial.offset}{count}"
    return f"{server}/{mailbox}/;UID={url.uid}{section}{partial}".encode("ascii")


def serialize_server_url(server: ImapServer) -> str:
    """The URL of a server (RFC 5092 §4), without a slash behind it."""
    return _serialize_server(server)


def serialize_mailbox_url(server: ImapServer, mailbox: str, uidvalidity: int | None = None) -> str:
    """The URL of a mailbox (RFC 5092 §5) by its name as clients see it, in Unicode."""
    return f"{_serialize_server(server)}/{_serialize_mailbox(mailbox, uidvalidity)}"


def _serialize_mailbox(name: str, uidvalidity: int | None) -> str:
    encoded = _encode(name, ":@/")
    if encoded.startswith("/"):
        # a second slash at the beginning would make a server of what follows
        encoded = "%2F" + encoded[1:]
    return encoded if uidvalidity is None else f"{encoded};UIDVALIDITY={uidvalidity}"


def _server(match: re.Match[str]) -> ImapServer:
    user, auth, host, port = match.groups()
    if port is not None and int(port) > 0xFFFF:
        raise ImapUrlInvalid("port out of range")
    return ImapServer(
        _decode(host),
        None if port is None else int(port),
        None if user is None else _decode(user),
        None if auth is None else _decode(auth),
    )


def _serialize_server(server: ImapServer) -> str:
    user = "" if server.user is None else _encode(server.user)
    auth = "" if server.auth is None else f";AUTH={_encode(server.auth)}"
    info = f"{user}{auth}@" if user or auth else ""
    host = server.host if server.host.startswith("[") else _encode(server.host)
    port = "" if server.port is None else f":{server.port}"
    return f"imap://{info}{host}{port}"


def _range(offset: str, count: str | None) -> UrlRange:
    numbers = UrlRange(int(offset), None if count is None else int(count))
    if max(numbers.offset, numbers.count or 0) > _MAXIMUM_NUMBER64:
        raise ImapUrlInvalid("partial range out of range")
    return numbers


def _number(text: str) -> int:
    number = int(text)
    if number > _MAXIMUM_NUMBER:
        raise ImapUrlInvalid("number out of range")
    return number


def _decode(text: str) -> str:
    octets = unquote_to_bytes(text)
    if b"\0" in octets:
        raise ImapUrlInvalid("NUL in an IMAP URL")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ImapUrlInvalid("not UTF-8 in an IMAP URL") from error


def _encode(text: str, aside: str = "") -> str:
    return quote_from_bytes(text.encode("utf-8"), safe=_ASIDE + aside)
