"""redirect (RFC 5228 §4.2), with `:copy` (RFC 3894), `:list` (RFC 6134 §2.3), redirect-dsn and redirect-deliverby
(RFC 6009)."""

import re
from collections.abc import Callable
from datetime import datetime

from angarium.sieve.actions import Redirect
from angarium.sieve.address import outbound
from angarium.sieve.arguments import Arguments
from angarium.sieve.commands.fileinto import COPY_TAG
from angarium.sieve.extlists import known_list
from angarium.sieve.run import Run
from angarium.sieve.specification import Action, CommandSpecification, Kind, Parameter, Tag

_NOTIFY = re.compile(r"NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY))*", re.IGNORECASE)
_RET = re.compile(r"FULL|HDRS", re.IGNORECASE)
_DATE_TIME = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)"
    r"(?:\.[0-9]+)?(?:Z|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9])",
    re.ASCII | re.IGNORECASE,
)
"""RFC 3339 §5.6; an offset without its colon too, which the example of RFC 6009 §7.2 makes of `zone`."""
_LEAP_SECOND = re.compile(r":60(?=[.Z+-])")
_MODES = {"notify": "N", "return": "R"}

_Value = Callable[[Run], str | None]


def _redirect(arguments: Arguments) -> Action:
    is_list, copy = arguments.has("list"), arguments.has("copy")
    target = arguments.text("address")
    address = known_list(target) if is_list else outbound(arguments, target)
    notify = _checked(arguments, "notify", _NOTIFY, '"NEVER", or some of "SUCCESS", "FAILURE" and "DELAY"')
    ret = _checked(arguments, "ret", _RET, '"FULL" or "HDRS"')
    by_time, by_mode = _by_time(arguments), _by_mode(arguments)
    by_trace = arguments.has("bytrace")

    def redirect(run: Run) -> None:
        run.perform(
            Redirect(
                origin=run.origin,
                address=address(run),
                is_list=is_list,
                copy=copy,
                notify=notify(run),
                ret=ret(run),
                by_time=by_time(run),
                by_mode=by_mode,
                by_trace=by_trace,
                edition=run.message.sent_edition(),
            )
        )

    return redirect


def _checked(arguments: Arguments, tag: str, pattern: re.Pattern[str], wanted: str) -> _Value:
    """The value of a tag in capitals, which the pattern describes."""
    return arguments.tag_parsed(
        tag,
        lambda text: text.upper() if pattern.fullmatch(text) else None,
        lambda text: f'":{tag}" takes {wanted}, not "{text[:60]}"',
    )


def _by_time(arguments: Arguments) -> _Value:
    seconds = arguments.tag_number("bytimerelative")
    if seconds is not None:
        return lambda _run: str(seconds)
    absolute = arguments.tag_parsed(
        "bytimeabsolute",
        _date_time,
        lambda text: f'":bytimeabsolute" takes a date and time of RFC 3339, not "{text[:60]}"',
    )
    if arguments.has("bytimeabsolute"):
        return absolute
    for tag in ("bymode", "bytrace"):
        if arguments.has(tag):
            text = f'":{tag}" needs ":bytimerelative" or ":bytimeabsolute"'
            raise arguments.wrong(text, arguments.position_of(tag))
    return lambda _run: None


def _date_time(text: str) -> str | None:
    """In capitals; one whose day there is, with a leap second as the one before."""
    if _DATE_TIME.fullmatch(text) is None:
        return None
    known = _LEAP_SECOND.sub(":59", text.upper())
    try:
        datetime.fromisoformat(known)
    except ValueError:
        return None
    return known


def _by_mode(arguments: Arguments) -> str:
    """RFC 6009 §7: `return` where a time is given, and nothing else."""
    mode = arguments.tag_constant("bymode")
    if mode is None:
        return "R" if arguments.given("bytimerelative", "bytimeabsolute") else ""
    if mode.lower() not in _MODES:
        text = f'":bymode" takes "notify" or "return", not "{mode[:60]}"'
        raise arguments.wrong(text, arguments.position_of("bymode"))
    return _MODES[mode.lower()]


_DELIVER_BY = ("redirect-deliverby",)

SPECIFICATIONS = (
    CommandSpecification(
        "redirect",
        _redirect,
        parameters=(Parameter("address", Kind.STRING),),
        tags=(
            COPY_TAG,
            Tag("list", ("extlists",)),
            Tag("notify", ("redirect-dsn",), Kind.STRING),
            Tag("ret", ("redirect-dsn",), Kind.STRING),
            Tag("bytimerelative", _DELIVER_BY, Kind.NUMBER, group="time"),
            Tag("bytimeabsolute", _DELIVER_BY, Kind.STRING, group="time"),
            Tag("bymode", _DELIVER_BY, Kind.STRING),
            Tag("bytrace", _DELIVER_BY),
        ),
    ),
)
