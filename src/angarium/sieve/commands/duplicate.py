"""duplicate (RFC 7352)."""

import hashlib
from collections.abc import Callable

from angarium.sieve.actions import Tracked
from angarium.sieve.arguments import Arguments
from angarium.sieve.facts import SeenBefore
from angarium.sieve.run import Run
from angarium.sieve.specification import Kind, Tag, Test, TestSpecification

_DEFAULT_SECONDS = 7 * 24 * 60 * 60
"""RFC 7352 §3.3."""


def _duplicate(arguments: Arguments) -> Test:
    handle = arguments.tag_text("handle")
    unique_id = _unique_id(arguments)
    seconds = arguments.tag_number("seconds")
    last = arguments.has("last")

    def duplicate(run: Run) -> bool:
        value = unique_id(run)
        if value is None or seconds == 0:
            return False
        key = _key(handle.value(run) if handle else None, value)
        seen = run.ask(SeenBefore(key)) is True
        run.track(Tracked(key, _DEFAULT_SECONDS if seconds is None else seconds, last))
        return seen

    return duplicate


def _unique_id(arguments: Arguments) -> Callable[[Run], str | None]:
    text = arguments.tag_text("uniqueid")
    if text is not None:
        return text.value
    header = arguments.tag_text("header")

    def of_header(run: Run) -> str | None:
        name = header.value(run).lower() if header else "message-id"
        values = run.message.header(name)
        return values[0] if values else None

    return of_header


def _key(handle: str | None, unique_id: str) -> str:
    """A digest, since both are of any length; without a handle it is none of any handle."""
    digest = hashlib.sha256()
    for text in (handle, unique_id):
        octets = b"-" if text is None else b"+" + text.encode(errors="replace")
        digest.update(b"%d:%b" % (len(octets), octets))
    return digest.hexdigest()


SPECIFICATIONS = (
    TestSpecification(
        "duplicate",
        _duplicate,
        ("duplicate",),
        tags=(
            Tag("handle", kind=Kind.STRING),
            Tag("header", kind=Kind.STRING, group="unique id"),
            Tag("uniqueid", kind=Kind.STRING, group="unique id"),
            Tag("seconds", kind=Kind.NUMBER),
            Tag("last"),
        ),
    ),
)
