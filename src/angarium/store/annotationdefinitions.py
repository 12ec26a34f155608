"""The file `annotation_definitions` of Cyrus: entries beyond those that are built in.

Each line is `name, scope, type, proxy type, attributes, extra rights`; lines that are empty or begin with `#` are
passed over. The proxy type means nothing here, nor do attributes other than `value`, `value.priv` and `value.shared`.
"""

import re
from typing import Final

from angarium.config.options import AnnotationSettings
from angarium.errors import AclInvalid, ConfigError
from angarium.rights import parse_rights

from .annotations import AnnotationEntry, AnnotationPolicy, AnnotationScope, ValueType

_FIELDS: Final = 5
_NAME: Final = re.compile(r"(?:/[^/\x00-\x20\x7f*%,]+)+")
_TYPES: Final = {"content-type": ValueType.STRING, **{kind.value: kind for kind in ValueType}}
_PROXY_TYPES: Final = ("backend", "proxy", "proxy_and_backend")


def annotation_policy(settings: AnnotationSettings) -> AnnotationPolicy:
    """What the options say, the file read too. ConfigError."""
    path = settings.annotation_definitions
    try:
        text = "" if path is None else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"annotation_definitions: {path} cannot be read: {error}") from error
    return AnnotationPolicy(
        defined=parse_annotation_definitions(text),
        allow_undefined=settings.annotation_allow_undefined,
        value_octets=settings.max_annotation_size,
        count=settings.max_annotations,
    )


def parse_annotation_definitions(text: str) -> tuple[AnnotationEntry, ...]:
    """ConfigError names the line."""
    entries: list[AnnotationEntry] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                entries.append(_parse_line([each.strip() for each in line.split(",")]))
            except (ValueError, AclInvalid) as error:
                raise ConfigError(f"annotation_definitions, line {number}: {error}") from error
    return tuple(entries)


def _parse_line(fields: list[str]) -> AnnotationEntry:
    if len(fields) not in (_FIELDS, _FIELDS + 1):
        raise ValueError("name, scope, type, proxy type, attributes and extra rights are wanted, with commas between")
    name, scope, kind, proxy_type, attributes = fields[:_FIELDS]
    if not _NAME.fullmatch(name):
        raise ValueError(f"'{name}' is no name of an entry")
    if kind.lower() not in _TYPES:
        raise ValueError(f"'{kind}' is none of {', '.join(_TYPES)}")
    if proxy_type.lower() not in _PROXY_TYPES:
        raise ValueError(f"'{proxy_type}' is none of {', '.join(_PROXY_TYPES)}")
    words = attributes.lower().split()
    entry = AnnotationEntry(
        name.lower(),
        AnnotationScope(scope.lower()),
        _TYPES[kind.lower()],
        is_shared="value" in words or "value.shared" in words,
        is_private="value" in words or "value.priv" in words,
        needed=parse_rights(fields[_FIELDS] if len(fields) > _FIELDS else ""),
    )
    if not entry.is_shared and not entry.is_private:
        raise ValueError("none of value, value.priv and value.shared is there")
    return entry
