"""Annotations."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

from dataclasses import dataclass
from pathlib import Path

from angarium.config.kinds import FilePath, Number, Size, Switch
from angarium.config.option import Scope, option, optional


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationSettings:
    """Annotations of messages, mailboxes and the server (METADATA, ANNOTATE)."""

    annotation_definitions: Path | None = optional(
        FilePath(),
        scope=Scope.SERVER,
        at_start=True,
        meaning="A file that defines entries beyond those that are built in, a line each: name, scope (`server`, "
        "`mailbox`, `message`), type (`string`, `boolean`, `uint`, `int`), proxy type (without meaning here), "
        "attributes (`value`, `value.shared`, `value.priv`) and the rights that are needed to set it beyond the usual "
        "ones, with commas between.",
    )
    annotation_allow_undefined: bool = option(
        Switch(),
        "no",
        scope=Scope.SERVER,
        at_start=True,
        meaning="Whether entries may be set that are not defined, as strings.",
    )
    annotation_enable_legacy_commands: bool = option(
        Switch(), "no", meaning="Serve GETANNOTATION and SETANNOTATION, an early form of METADATA, as ANNOTATEMORE."
    )
    max_annotation_size: int = option(
        Size(minimum=1024, maximum=16 * 1024 * 1024),
        "64K",
        added=True,
        scope=Scope.SERVER,
        at_start=True,
        meaning="The largest value of an annotation; 1024 at least (RFC 5464 §4.1).",
    )
    max_annotations: int = option(
        Number(10, 100_000),
        "100",
        added=True,
        scope=Scope.SERVER,
        at_start=True,
        meaning="Annotations that one user, or all in common, may have of one message, of one mailbox or of the "
        "server; 10 at least (RFC 5464 §4.1).",
    )
