"""SASLprep, which makes spellings of a user name or password equal that look equal (RFC 4013, RFC 3454).

It is defined for Unicode 3.2, whatever has been added since, and so are the tables of the standard library's
`stringprep`.
"""

import stringprep
from typing import Final
from unicodedata import ucd_3_2_0

from angarium.errors import PreparationFailed

MAX_CHARACTERS: Final = 1024
"""Of a text that is not plain ASCII: ordering combining marks costs the square of their number."""
_PROHIBITED = (  # RFC 4013 §2.3
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def prepare(text: str, *, allow_unassigned: bool = False) -> str:
    """The prepared form of `text`; raises PreparationFailed where there is none, or it would be empty.

    Code points that Unicode 3.2 did not know are refused in what is stored; what is compared with it may hold them
    (`allow_unassigned`, RFC 3454 §7).
    """
    if text.isascii() and text.isprintable() and text:
        return text
    if len(text) > MAX_CHARACTERS:
        raise PreparationFailed("the text is too long")
    mapped = "".join([_mapped(character) for character in text])
    prepared = ucd_3_2_0.normalize("NFKC", mapped)
    if not prepared:
        raise PreparationFailed("nothing is left of the text")
    # One character may become eighteen, and most of them are alike.
    for character in set(prepared):
        if any(is_prohibited(character) for is_prohibited in _PROHIBITED):
            raise PreparationFailed("the text holds a prohibited character")
        if not allow_unassigned and stringprep.in_table_a1(character):
            raise PreparationFailed("the text holds a character that Unicode 3.2 does not have")
    if not has_one_direction(prepared):
        raise PreparationFailed("the text mixes directions of writing")
    return prepared


def _mapped(character: str) -> str:
    """RFC 4013 §2.1: spaces become SPACE, what shows nothing becomes nothing."""
    if stringprep.in_table_c12(character):
        return " "
    return "" if stringprep.in_table_b1(character) else character


def has_one_direction(text: str) -> bool:
    """RFC 3454 §6: text is either free of right-to-left letters, or begins and ends with them and has no others."""
    characters = set(text)
    if not any(map(stringprep.in_table_d1, characters)):
        return True
    ends_right_to_left = stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])
    return ends_right_to_left and not any(map(stringprep.in_table_d2, characters))
