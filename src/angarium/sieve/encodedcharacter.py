"""Characters by their codes (RFC 5228 §2.4.2.4)."""

import re

_ENCODED = re.compile(
    r"\$\{(?:"
    r"hex:(?P<octets>[ \t\r\n]*[0-9a-f]{1,2}(?:[ \t\r\n]+[0-9a-f]{1,2})*[ \t\r\n]*)"
    r"|unicode:(?P<codes>[ \t\r\n]*[0-9a-f]+(?:[ \t\r\n]+[0-9a-f]+)*[ \t\r\n]*)"
    r")\}",
    re.IGNORECASE,
)
_LAST_CODE = 0x10FFFF


class EncodedCharacterInvalid(ValueError):
    """A code that no character has; `str()` says which."""


def decode_characters(text: str) -> str:
    """`text` with its encoded characters replaced, once; octets that are no UTF-8 together become U+FFFD.

    Strings are text here, as headers and mailbox names are, so that octets which are no text can match nothing.
    """
    octets = bytearray()
    end = 0
    for encoded in _ENCODED.finditer(text):
        octets += text[end : encoded.start()].encode()
        end = encoded.end()
        if encoded["octets"] is not None:
            octets += bytes(int(pair, 16) for pair in encoded["octets"].split())
        else:
            octets += "".join(map(_character, encoded["codes"].split())).encode()
    octets += text[end:].encode()
    return octets.decode(errors="replace")


def _character(code: str) -> str:
    code = code.lstrip("0") or "0"
    number = int(code, 16) if len(code) <= len("10FFFF") else _LAST_CODE + 1
    if number > _LAST_CODE or 0xD800 <= number <= 0xDFFF:
        raise EncodedCharacterInvalid(f"there is no character U+{code[:20].upper()}")
    return chr(number)
