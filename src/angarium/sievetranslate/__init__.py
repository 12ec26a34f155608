"""Filters of other programs as Sieve scripts: procmail's recipes, and files of the name .forward.

Pure: octets in, a script and what there is to say of it out. What could not be translated is named with its line, and
does nothing in the script.
"""

from angarium.sievetranslate.forward import translate_forward
from angarium.sievetranslate.procmail import translate_procmail
from angarium.sievetranslate.translation import (
    Remark,
    SourceRefused,
    Surroundings,
    Translation,
    VacationText,
    Verdict,
    read_vacation_text,
)

__all__ = [
    "Remark",
    "SourceRefused",
    "Surroundings",
    "Translation",
    "VacationText",
    "Verdict",
    "read_vacation_text",
    "translate_forward",
    "translate_procmail",
]
