"""Octets by name. `LF in value` looks for one; `b"\\n" in value` finds the same in seven times the time, since the
interpreter first tries its left side as a number, and makes and drops an exception."""

from typing import Final

NUL: Final = 0x00
TAB: Final = 0x09
LF: Final = 0x0A
CR: Final = 0x0D
QUOTE: Final = 0x22
PARENTHESIS: Final = 0x28
ASTERISK: Final = 0x2A
SEMICOLON: Final = 0x3B
BACKSLASH: Final = 0x5C
