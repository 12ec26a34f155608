"""Commands about the session (RFC 9051 §6.1, §6.2, §6.3.1), its language, and all commands without arguments."""

import re

from angarium.imap import commands as c
from angarium.imap.cursor import Cursor, Malformed
from angarium.imap.dialect import Extension

from .entry import Entry

# RFC 2971 §3.3
_ID_PAIRS = 30
_ID_FIELD_OCTETS = 30
_ID_VALUE_OCTETS = 1024

# A response that is no base64 gets the mechanism's own answer, so anything without a space is let through.
_INITIAL_RESPONSE = re.compile(rb"[^\x00-\x20\x7f]+")

_BARE: dict[bytes, c.Command] = {
    b"CAPABILITY": c.Capability(),
    b"NOOP": c.Noop(),
    b"LOGOUT": c.Logout(),
    b"CHECK": c.Check(),
    b"CLOSE": c.Close(),
    b"EXPUNGE": c.Expunge(),
}


def _bare_entry(name: bytes, command: c.Command, *extensions: Extension) -> Entry:
    def parse(cursor: Cursor) -> c.Command:
        cursor.end()
        return command

    return Entry(name.capitalize(), type(command), parse, frozenset(extensions))


def parse_login(cursor: Cursor) -> c.Login:
    """RFC 9051 §6.2.3."""
    cursor.space()
    user = cursor.astring()
    cursor.space()
    password = cursor.astring()
    cursor.end()
    return c.Login(user, password)


def parse_authenticate(cursor: Cursor) -> c.Authenticate:
    """RFC 9051 §6.2.2, with an initial response (RFC 4959)."""
    cursor.space()
    mechanism = cursor.atom().upper().decode("ascii")
    initial_response = None
    # Only a space comes from mutt, where the mechanism leaves the first word to the server.
    if cursor.serves(Extension.SASL_IR) and cursor.take(b" ") and not cursor.at_end():
        match = _INITIAL_RESPONSE.match(cursor.data, cursor.position)
        if match is None:
            raise cursor.invalid()
        initial_response = match[0]
        cursor.position = match.end()
    cursor.end()
    return c.Authenticate(mechanism, initial_response)


def parse_id(cursor: Cursor) -> c.Id:
    """RFC 2971 §3.1."""
    cursor.space()
    try:
        parameters = _parse_id_parameters(cursor)
    except Malformed as error:
        raise Malformed(b"Invalid parameter list in Id") from error
    cursor.end()
    return c.Id(parameters)


def _parse_id_parameters(cursor: Cursor) -> tuple[tuple[bytes, bytes | None], ...]:
    if cursor.next_octet() != b"(":
        if cursor.nstring() is not None:
            raise cursor.invalid()
        return ()
    parameters: list[tuple[bytes, bytes | None]] = []
    for _ in cursor.elements(may_be_empty=True):
        field = cursor.string()
        cursor.space()
        value = cursor.nstring()
        if len(parameters) == _ID_PAIRS or len(field) > _ID_FIELD_OCTETS or len(value or b"") > _ID_VALUE_OCTETS:
            raise cursor.invalid()
        parameters.append((field, value))
    return tuple(parameters)


def parse_enable(cursor: Cursor) -> c.Enable:
    """RFC 9051 §6.3.1."""
    capabilities: list[str] = []
    cursor.space()
    while True:
        cursor.count_argument()
        capabilities.append(cursor.atom().upper().decode("ascii"))
        if not cursor.take(b" "):
            break
    cursor.end()
    return c.Enable(tuple(capabilities))


def parse_compress(cursor: Cursor) -> c.Compress:
    """RFC 4978 §5."""
    cursor.space()
    algorithm = cursor.atom().upper().decode("ascii")
    cursor.end()
    return c.Compress(algorithm)


def parse_language(cursor: Cursor) -> c.Language:
    """`"LANGUAGE" *(SP lang-range-quoted)` (RFC 5255 §3.5)."""
    return c.Language(_parse_texts(cursor))


def parse_comparator(cursor: Cursor) -> c.Comparator:
    """`"COMPARATOR" *(SP comp-order-quoted)` (RFC 5255 §4.10)."""
    return c.Comparator(_parse_texts(cursor))


def _parse_texts(cursor: Cursor) -> tuple[str, ...]:
    """`*(SP astring)`, each of ASCII, up to the end."""
    texts: list[str] = []
    while cursor.take(b" "):
        cursor.count_argument()
        octets = cursor.astring()
        if not octets.isascii():
            raise Malformed(b"Invalid argument to " + cursor.name)
        texts.append(octets.decode("ascii"))
    cursor.end()
    return tuple(texts)


ENTRIES = {name: _bare_entry(name, command) for name, command in _BARE.items()} | {
    b"LOGIN": Entry(b"Login", c.Login, parse_login),
    b"AUTHENTICATE": Entry(b"Authenticate", c.Authenticate, parse_authenticate),
    b"ID": Entry(b"Id", c.Id, parse_id, frozenset({Extension.ID})),
    b"ENABLE": Entry(b"Enable", c.Enable, parse_enable, frozenset({Extension.ENABLE})),
    b"STARTTLS": _bare_entry(b"STARTTLS", c.StartTls(), Extension.STARTTLS),
    b"IDLE": _bare_entry(b"IDLE", c.Idle(), Extension.IDLE),
    b"NAMESPACE": _bare_entry(b"NAMESPACE", c.Namespace(), Extension.NAMESPACE),
    b"UNSELECT": _bare_entry(b"UNSELECT", c.Unselect(), Extension.UNSELECT),
    b"COMPRESS": Entry(b"Compress", c.Compress, parse_compress, frozenset({Extension.COMPRESS_DEFLATE})),
    b"UNAUTHENTICATE": _bare_entry(b"UNAUTHENTICATE", c.Unauthenticate(), Extension.UNAUTHENTICATE),
    b"LANGUAGE": Entry(b"Language", c.Language, parse_language, frozenset({Extension.LANGUAGE})),
    b"COMPARATOR": Entry(b"Comparator", c.Comparator, parse_comparator, frozenset({Extension.I18NLEVEL_2})),
}
