"""A language: from the English texts, which stand where they are said, to those that a client is told.

A text with `{name}` in it is a template: it stands for all texts that have a word there, and its translation has the
same names, in any order. What stands at `{text}` and `{reason}` is a text itself, and is translated too; anything else,
such as the name of a command, is told as it is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_PLACEHOLDER: Final = re.compile(r"\{([a-z]+)\}")
_TRANSLATED: Final = frozenset({"reason", "text"})
_WORDS: Final = _TRANSLATED | {"command", "names", "right", "script"}
"""At which several words may stand, or a space."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a language has for the texts of English, and for the words that prefixes of namespaces are made of."""

    texts: Mapping[str, str]
    prefixes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Template:
    """A text with something in it that is not known before."""

    pattern: re.Pattern[bytes]
    translation: tuple[bytes, ...]
    """Texts and names in turn, a text first and last."""


@dataclass(frozen=True, slots=True)
class Language:
    """What a session speaks after LANGUAGE; the texts are UTF-8 (RFC 5255 §3.2)."""

    tag: str
    """As it is told (RFC 5646)."""
    _texts: Mapping[bytes, bytes] = field(repr=False)
    _templates: tuple[_Template, ...] = field(repr=False)
    _prefixes: Mapping[str, str] = field(repr=False)

    def find(self, text: bytes) -> bytes | None:
        """The translation of an English text; None for what this language has no words for."""
        found = self._texts.get(text)
        if found is not None:
            return found
        for template in self._templates:
            match = template.pattern.fullmatch(text)
            if match is not None:
                return self._filled(template, match.groupdict())
        return None

    def translate(self, text: bytes) -> bytes:
        """The same; what has no translation stays as it is."""
        found = self.find(text)
        return text if found is None else found

    def translate_prefix(self, prefix: str, separator: str) -> str | None:
        """The prefix of a namespace in words of this language (RFC 5255 §3.4); None where there are none, as for a name
        that an administrator made up."""
        found = self._prefixes.get(prefix.removesuffix(separator)) if prefix.endswith(separator) else None
        return None if found is None else found + separator

    def _filled(self, template: _Template, values: Mapping[str, bytes]) -> bytes:
        parts = list(template.translation)
        for index in range(1, len(parts), 2):
            name = parts[index].decode("ascii")
            value = values[name]
            parts[index] = self.translate(value) if name in _TRANSLATED else value
        return b"".join(parts)


def make_language(tag: str, catalogue: Catalogue) -> Language:
    """The language of a catalogue; its templates are compiled here, so make it once."""
    texts = {english.encode(): text.encode() for english, text in catalogue.texts.items() if "{" not in english}
    templates = [_template(english, text) for english, text in catalogue.texts.items() if "{" in english]
    return Language(tag, texts, tuple(templates), catalogue.prefixes)


def _template(english: str, translation: str) -> _Template:
    pieces = _PLACEHOLDER.split(english)
    pattern = "".join(_group(piece) if index % 2 else re.escape(piece) for index, piece in enumerate(pieces))
    return _Template(
        re.compile(pattern.encode("ascii"), re.DOTALL),
        tuple(piece.encode() for piece in _PLACEHOLDER.split(translation)),
    )


def _group(name: str) -> str:
    return f"(?P<{name}>.+)" if name in _WORDS else f"(?P<{name}>[^ ]+)"
