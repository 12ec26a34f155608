"""Status responses (RFC 9051 §7.1) with their codes (RFC 9051 §7.1, RFC 5530, RFC 4315, RFC 7162)."""

import re
from collections.abc import Iterable
from enum import Enum
from typing import Final

from angarium.sequenceset import UidSet

from .terminals import serialize_flags

_DOWNGRADED_RANGES = 300
_NO_URL_OCTET = re.compile(rb"[^!#-\[^-~]")


class Condition(bytes, Enum):
    """What a status response says."""

    OK = b"OK"
    NO = b"NO"
    BAD = b"BAD"
    BYE = b"BYE"
    PREAUTH = b"PREAUTH"


OK: Final = Condition.OK
BYE: Final = Condition.BYE
"""For what is said all the time: to find a member in its enum takes Python 3.11 longer than a call."""


class ResponseCode(bytes, Enum):
    """Codes without arguments; the functions below make those with."""

    ALERT = b"ALERT"
    ALREADYEXISTS = b"ALREADYEXISTS"
    AUTHENTICATIONFAILED = b"AUTHENTICATIONFAILED"
    AUTHORIZATIONFAILED = b"AUTHORIZATIONFAILED"
    CANNOT = b"CANNOT"
    CLIENTBUG = b"CLIENTBUG"
    CLOSED = b"CLOSED"
    COMPRESSIONACTIVE = b"COMPRESSIONACTIVE"
    CONTACTADMIN = b"CONTACTADMIN"
    CORRUPTION = b"CORRUPTION"
    EXPIRED = b"EXPIRED"
    EXPUNGEISSUED = b"EXPUNGEISSUED"
    HASCHILDREN = b"HASCHILDREN"
    INUSE = b"INUSE"
    LIMIT = b"LIMIT"
    NOMODSEQ = b"NOMODSEQ"
    NONEXISTENT = b"NONEXISTENT"
    NOPERM = b"NOPERM"
    NOTSAVED = b"NOTSAVED"
    OVERQUOTA = b"OVERQUOTA"
    PARSE = b"PARSE"
    PRIVACYREQUIRED = b"PRIVACYREQUIRED"
    READ_ONLY = b"READ-ONLY"
    READ_WRITE = b"READ-WRITE"
    SERVERBUG = b"SERVERBUG"
    TOOBIG = b"TOOBIG"
    TRYCREATE = b"TRYCREATE"
    UIDNOTSTICKY = b"UIDNOTSTICKY"
    UNAVAILABLE = b"UNAVAILABLE"
    UNKNOWN_CTE = b"UNKNOWN-CTE"
    USEATTR = b"USEATTR"


def serialize_status(condition: Condition, text: bytes, *, tag: bytes = b"*", code: bytes = b"") -> bytes:
    """`tag OK [CODE] text`, untagged without `tag`; `text` is not empty, and holds no CR or LF."""
    # Joined, which is faster than `%`: of an enum's member that makes a copy first, and of a long code several.
    if code:
        return b"".join((tag, b" ", condition, b" [", code, b"] ", text, b"\r\n"))
    return b"".join((tag, b" ", condition, b" ", text, b"\r\n"))


def serialize_continuation(text: bytes = b"") -> bytes:
    """`+ text`: a go-ahead, or the base64 of a challenge; the space stays where there is no text (RFC 9051 §9)."""
    return b"+ %b\r\n" % text


def code_capability(words: bytes) -> bytes:
    """CAPABILITY (RFC 9051 §7.1), with what is announced."""
    return b"CAPABILITY " + words


def code_permanentflags(flags: Iterable[str]) -> bytes:
    """PERMANENTFLAGS (RFC 9051 §7.1); `\\*` among them says that new keywords can be made."""
    return b"PERMANENTFLAGS " + serialize_flags(flags)


def code_number(name: bytes, number: int) -> bytes:
    """A code with one number: UIDNEXT, UIDVALIDITY, UNSEEN, HIGHESTMODSEQ."""
    return b"%b %d" % (name, number)


def code_mailboxid(identifier: bytes) -> bytes:
    """MAILBOXID (RFC 8474 §4)."""
    return b"MAILBOXID (%b)" % identifier


def code_appenduid(uidvalidity: int, uids: UidSet) -> bytes:
    """APPENDUID (RFC 9051 §7.1, RFC 4315 §3)."""
    return b"APPENDUID %d %b" % (uidvalidity, uids.serialize())


def code_badurl(url: bytes) -> bytes:
    """BADURL (RFC 4469 §4.1), quoted as Cyrus does; what cannot be in a code is percent-encoded."""
    return b'BADURL "%b"' % _NO_URL_OCTET.sub(lambda octet: b"%%%02X" % octet[0][0], url)


def code_modified(messages: UidSet) -> bytes:
    """MODIFIED (RFC 7162 §3.1.3): message numbers, or UIDs for UID STORE."""
    return b"MODIFIED " + messages.serialize()


def code_downgraded(uids: UidSet) -> bytes:
    """DOWNGRADED (RFC 6858 §3): of very many only the first, so that the line stays short."""
    return b"DOWNGRADED " + UidSet(uids.ranges[:_DOWNGRADED_RANGES]).serialize()


def code_messagelimit(limit: int, lowest: int | None) -> bytes:
    """MESSAGELIMIT (RFC 9738 §3.1): the lowest UID that was, or would be, taken care of."""
    return b"MESSAGELIMIT %d" % limit if lowest is None else b"MESSAGELIMIT %d %d" % (limit, lowest)


def code_inprogress(tag: bytes, state: tuple[int, int] | None) -> bytes:
    """INPROGRESS (RFC 9585 §4): what is done and of how many, where that is known."""
    shown_tag = b"NIL" if b"]" in tag else b'"%b"' % tag
    return b"INPROGRESS (%b %b)" % (shown_tag, b"NIL NIL" if state is None else b"%d %d" % state)


def code_undefined_filter(name: bytes) -> bytes:
    """UNDEFINED-FILTER (RFC 5466 §4)."""
    return b"UNDEFINED-FILTER " + name


def code_noupdate(tag: bytes) -> bytes:
    """NOUPDATE (RFC 5267 §5)."""
    return b'NOUPDATE "%b"' % tag


def code_badcharset(charsets: Iterable[bytes]) -> bytes:
    """BADCHARSET (RFC 9051 §7.1)."""
    return b"BADCHARSET (" + b" ".join(charsets) + b")"
