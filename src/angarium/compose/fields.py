"""Header fields as octets: one field a call, folded, and never more than one, whatever is in its value.

Text that is not ASCII becomes encoded words (RFC 2047), and only that (RFC 5230 §4.3). Addresses that are not ASCII
stay UTF-8 (RFC 6532), since no encoding of them means the same.
"""

import binascii
import re
from collections.abc import Iterable
from datetime import datetime
from email.utils import format_datetime
from typing import Final

LINE_OCTETS: Final = 78
"""RFC 5322 §2.1.1."""
_TOKEN_OCTETS_MAX: Final = 900
"""Below the 998 that a line may have at most."""
_ENCODED_WORD_CHARACTERS: Final = 75
"""RFC 2047 §2."""
_AROUND: Final = len("=?utf-8?q??=")

_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_TOKEN: Final = re.compile(r" *[^ ]+")
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!*+-/")
"""What stands for itself in an encoded word of a phrase (RFC 2047 §5)."""


def one_line(text: str) -> str:
    """The text without line breaks and other control characters, with a space for each run of them."""
    return _CONTROLS.sub(" ", text).strip(" ").encode("utf-8", "replace").decode()


def text_field(name: str, text: str) -> bytes:
    """A field of text, as Subject."""
    line = one_line(text)
    if line.isascii() and all(len(token) <= _TOKEN_OCTETS_MAX for token in _TOKEN.findall(line)):
        return structured_field(name, line)
    return _joined(name, [" " + word for word in encoded_words(line, first_room=LINE_OCTETS - 4 - len(name))])


def structured_field(name: str, value: str) -> bytes:
    """A field whose value is ready; it is folded where spaces are."""
    return _joined(name, [" " + token.lstrip(" ") if not at else token for at, token in _tokens(one_line(value))])


def list_field(name: str, values: Iterable[str]) -> bytes:
    """A field of values between commas, as To; it is folded behind them."""
    cleaned = [one_line(value) for value in values]
    return _joined(name, [f" {value}," for value in cleaned[:-1]] + [f" {value}" for value in cleaned[-1:]])


def message_ids_field(name: str, message_ids: Iterable[str]) -> bytes:
    """A field of message-ids, which come without their angle brackets."""
    return _joined(name, [f" <{one_line(each)}>" for each in message_ids])


def date_field(name: str, moment: datetime) -> bytes:
    """A date and time; `moment` is aware."""
    return structured_field(name, format_datetime(moment))


def encoded_words(text: str, *, first_room: int = _ENCODED_WORD_CHARACTERS) -> list[str]:
    """The text as encoded words; no character is split between two (RFC 2047 §5)."""
    octets = len(text.encode())
    plain = sum(character in _PLAIN or character == " " for character in text)
    # What is letters for the greater part stays readable.
    in_q = plain >= octets - plain
    words: list[str] = []
    room = max(min(first_room, _ENCODED_WORD_CHARACTERS) - _AROUND, 16)
    piece = ""
    used = 0
    for character in text:
        cost = len(_q(character)) if in_q else len(character.encode())
        if piece and (used + cost > room if in_q else (used + cost + 2) // 3 * 4 > room):
            words.append(_word(piece, in_q=in_q))
            piece, used, room = "", 0, _ENCODED_WORD_CHARACTERS - _AROUND
        piece += character
        used += cost
    return [*words, _word(piece, in_q=in_q)] if piece else words


def phrase(text: str) -> str:
    """A display name (RFC 5322 §3.2.5): as it is, quoted, or in encoded words."""
    line = one_line(text)
    if not line.isascii():
        return " ".join(encoded_words(line))
    if all(character in _PLAIN or character in " '_?=" for character in line) and "=?" not in line:
        return line
    return quoted(line)


def quoted(text: str) -> str:
    """A quoted string (RFC 5322 §3.2.4)."""
    return '"' + one_line(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _tokens(value: str) -> Iterable[tuple[int, str]]:
    return enumerate(_TOKEN.findall(value))


def _joined(name: str, tokens: list[str]) -> bytes:
    """Tokens begin with a space each; a line is broken in front of one."""
    lines = [f"{name}:"]
    for token in tokens:
        if len(lines[-1].encode()) + len(token.encode()) > LINE_OCTETS and lines[-1] != f"{name}:":
            lines.append(token)
        else:
            lines[-1] += token
    return ("\r\n".join(lines) + "\r\n").encode()


def _word(text: str, *, in_q: bool) -> str:
    if in_q:
        return "=?utf-8?q?" + "".join(map(_q, text)) + "?="
    return "=?utf-8?b?" + binascii.b2a_base64(text.encode(), newline=False).decode() + "?="


def _q(character: str) -> str:
    if character in _PLAIN:
        return character
    return "_" if character == " " else "".join(f"={octet:02X}" for octet in character.encode())
