"""vacation (RFC 5230), with `:seconds` (RFC 6131) and `:fcc` (RFC 8580 §5)."""

import hashlib
import re
from collections.abc import Callable

from angarium.compose import parse_mailboxes
from angarium.sieve.actions import Vacation
from angarium.sieve.arguments import Arguments
from angarium.sieve.run import Run
from angarium.sieve.specification import Action, CommandSpecification, Kind, Parameter, Tag
from angarium.sieve.target import FCC_TAGS, fcc_of
from angarium.sieve.text import Text

_SECONDS_OF_DAY = 24 * 60 * 60
_MAX_SECONDS = 2**31
_HEADER_END = re.compile(r"\r?\n\r?\n|\A\r?\n")


def _vacation(arguments: Arguments) -> Action:
    reason = arguments.text("reason")
    subject, sender = arguments.tag_text("subject"), arguments.tag_text("from")
    addresses = arguments.tag_texts("addresses")
    mime = arguments.has("mime")
    seconds = _seconds(arguments)
    # One address or several (RFC 5230 §4.3).
    from_ = arguments.tag_parsed("from", lambda text: text if parse_mailboxes(text) else None, _not_addresses)
    handle = _handle(arguments, reason, subject, sender)
    fcc = fcc_of(arguments)
    if mime and reason.constant is not None and _has_8bit_header(reason.constant):
        raise arguments.wrong(_EIGHT_BIT, reason.position)

    def vacation(run: Run) -> None:
        text = reason.value(run)
        if mime and _has_8bit_header(text):
            run.fail(_EIGHT_BIT)
        run.perform(
            Vacation(
                origin=run.origin,
                reason=text,
                mime=mime,
                subject=subject.value(run) if subject else None,
                from_=from_(run),
                addresses=addresses.values(run) if addresses else (),
                seconds=seconds,
                handle=handle(run),
                fcc=fcc(run),
                edition=run.message.sent_edition(),
            )
        )

    return vacation


def _seconds(arguments: Arguments) -> int | None:
    days, seconds = arguments.tag_number("days"), arguments.tag_number("seconds")
    if seconds is not None:
        if seconds > _MAX_SECONDS:
            raise arguments.wrong(f'":seconds" can be {_MAX_SECONDS} at most', arguments.position_of("seconds"))
        return seconds
    # Less than a day is for `:seconds` alone; a site has a least number of its own besides (RFC 5230 §4.1).
    return None if days is None else max(days, 1) * _SECONDS_OF_DAY


def _handle(arguments: Arguments, reason: Text, subject: Text | None, sender: Text | None) -> Callable[[Run], str]:
    """RFC 5230 §4.2: what variables stand for makes no other answer of it, but in a handle that was given."""
    given = arguments.tag_text("handle")
    if given is not None:
        return given.value
    digest = hashlib.sha256()
    for text in (subject, sender, reason):
        source = b"" if text is None else b"+" + text.source.encode()
        digest.update(b"%d:%b" % (len(source), source))
    digest.update(b"mime" if arguments.has("mime") else b"")
    made = digest.hexdigest()
    return lambda _run: made


def _has_8bit_header(reason: str) -> bool:
    end = _HEADER_END.search(reason)
    return not reason[: end.start() if end else None].isascii()


def _not_addresses(text: str) -> str:
    return f'":from" takes mail addresses, not "{text[:60]}"'


_EIGHT_BIT = 'the header of what ":mime" says is MIME holds characters that are not ASCII'

SPECIFICATIONS = (
    CommandSpecification(
        "vacation",
        _vacation,
        ("vacation", "vacation-seconds"),
        parameters=(Parameter("reason", Kind.STRING),),
        tags=(
            Tag("days", kind=Kind.NUMBER, group="time"),
            Tag("seconds", ("vacation-seconds",), Kind.NUMBER, group="time"),
            Tag("subject", kind=Kind.STRING),
            Tag("from", kind=Kind.STRING),
            Tag("addresses", kind=Kind.STRINGS),
            Tag("mime"),
            Tag("handle", kind=Kind.STRING),
            *FCC_TAGS,
        ),
    ),
)
