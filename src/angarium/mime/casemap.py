"""The form of text that searches compare: case and compatibility differences removed (after RFC 5051).

RFC 5051 maps to title case and decomposes; we use Unicode's full case folding between two decompositions, which also
finds "STRASSE" for "straße".
"""

import unicodedata

_RUN = 512
"""Ordering the combining marks of one run costs its square, so a run of marks is cut here."""


def fold(text: str) -> str:
    """`text` for comparison; what is found in it is found in the fold of a longer text too."""
    if text.isascii():
        return text.lower()
    if len(text) <= _RUN:
        return _fold_run(text)
    return "".join([_fold_run(run) for run in _runs(text)])


def merge_spaces(text: str) -> str:
    """`text` with one space for each run of white space, as words are searched that lines may end between."""
    words = " ".join(text.split())
    if not words:
        return " " if text else ""
    return f"{' ' if text[0].isspace() else ''}{words}{' ' if text[-1].isspace() else ''}"


def _fold_run(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFKD", decomposed.casefold())


def _runs(text: str) -> list[str]:
    """Cut before a character that does not combine, if one is near, so that no letter loses its marks."""
    runs = []
    start = 0
    while start < len(text):
        end = min(start + _RUN, len(text))
        while end < len(text) and end < start + 2 * _RUN and unicodedata.combining(text[end]):
            end += 1
        runs.append(text[start:end])
        start = end
    return runs
