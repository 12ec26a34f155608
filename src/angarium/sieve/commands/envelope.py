"""envelope (RFC 5228 §5.4), with envelope-dsn and envelope-deliverby (RFC 6009)."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from angarium.sieve.address import ADDRESS_PART_TAGS, address_part
from angarium.sieve.arguments import Arguments
from angarium.sieve.comparison import COMPARISON_TAGS, comparison
from angarium.sieve.dates import not_a_zone, parse_zone
from angarium.sieve.facts import Envelope
from angarium.sieve.mailaddress import MailAddress, parse_address
from angarium.sieve.run import Run
from angarium.sieve.specification import Kind, Parameter, Tag, Test, TestSpecification
from angarium.sieve.text import Text

_ADDRESS_PARTS = frozenset({"from", "to", "auth"})
"""`auth`, whom the sender is authenticated as, is Cyrus's own."""
_DSN_PARTS = frozenset({"notify", "orcpt", "ret", "envid"})
_DELIVER_BY_PARTS = frozenset({"bytimeabsolute", "bytimerelative", "bymode", "bytrace"})
_SECONDS = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_MODES = {"N": "notify", "R": "return"}


def _envelope(arguments: Arguments) -> Test:
    parts = arguments.texts("envelope parts")
    part = address_part(arguments)
    zone = arguments.tag_parsed("zone", parse_zone, not_a_zone)
    for text in parts.texts:
        if text.constant is not None:
            _check_part(arguments, text, text.constant.lower())
    compare = comparison(arguments, arguments.texts("keys"))
    is_constant = parts.constants is not None
    counts = arguments.has("count")

    def envelope(run: Run) -> bool:
        given = run.envelope
        if given is None:  # RFC 6785 §4.6
            run.fail("a message that is not being delivered has no envelope")
        values: list[str] = []
        for name in map(str.lower, parts.values(run)):
            if name in _ADDRESS_PARTS:
                path = _path(given, name)
                if path is None or (counts and not path):
                    continue  # the null path counts nothing (RFC 5231 §4.2)
                # ... and is compared as the empty string, whatever part is asked for (RFC 5228 §5.4).
                value = part(_address(path)) if path else ""
                if value is not None:
                    values.append(value)
            elif is_constant:
                values.extend(_parameter(run, given, name, zone))
            else:
                run.fail(f'there is no part "{name[:60]}" of an envelope that variables could name')
        return compare(run, values)

    return envelope


def _check_part(arguments: Arguments, text: Text, name: str) -> None:
    if name in _ADDRESS_PARTS:
        return
    if name in _DSN_PARTS:
        arguments.need(f'the part "{name}"', text.position, "envelope-dsn")
    elif name in _DELIVER_BY_PARTS:
        arguments.need(f'the part "{name}"', text.position, "envelope-deliverby")
    else:
        raise arguments.wrong(f'there is no part "{name[:60]}" of an envelope', text.position)
    tag = arguments.given(*(tag.name for tag in ADDRESS_PART_TAGS))
    if tag is not None:  # RFC 6009 §4, §5
        raise arguments.wrong(f'"{name}" is no address, and has no ":{tag}"', arguments.position_of(tag))


def _path(given: Envelope, name: str) -> str | None:
    match name:
        case "from":
            return given.from_
        case "to":
            return given.to
        case _:
            return given.auth or None


def _address(path: str) -> MailAddress:
    """A recipient of this server may have come without its domain."""
    return parse_address(path) if "@" in path else MailAddress(path, "", path, is_valid=True)


def _parameter(run: Run, envelope: Envelope, name: str, zone: Callable[[Run], tzinfo | None]) -> Sequence[str]:
    """What a parameter of SMTP says; nothing where it was not given."""
    given = envelope.dsn
    if name in _DELIVER_BY_PARTS:
        if "bytimerelative" not in given:
            return ()
        return (_deliver_by(run, given, name, zone(run)),)
    value = given.get(name)
    if value is None:
        return ()
    return [word.strip() for word in value.split(",") if word.strip()] if name == "notify" else (value,)


def _deliver_by(run: Run, given: Mapping[str, str], name: str, zone: tzinfo | None) -> str:
    match name:
        case "bytimeabsolute":
            return _absolute(run.environment.now, given["bytimerelative"], zone)
        case "bymode":
            mode = given.get(name, "")
            return _MODES.get(mode.upper(), mode.lower())
        case "bytrace":
            return "trace" if given.get(name) else ""
        case _:
            return given[name]


def _absolute(now: datetime, seconds: str, zone: tzinfo | None) -> str:
    """RFC 6009 §5: a date and time of RFC 3339, in the local zone where no other is asked for."""
    by = now + timedelta(seconds=int(seconds)) if _SECONDS.fullmatch(seconds) else now
    text = by.astimezone(zone or now.tzinfo).isoformat(timespec="seconds")
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


SPECIFICATIONS = (
    TestSpecification(
        "envelope",
        _envelope,
        ("envelope",),
        parameters=(Parameter("envelope parts", Kind.STRINGS), Parameter("keys", Kind.STRINGS)),
        tags=(*COMPARISON_TAGS, *ADDRESS_PART_TAGS, Tag("zone", ("envelope-deliverby",), Kind.STRING)),
    ),
)
