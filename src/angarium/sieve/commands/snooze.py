"""snooze (draft-ietf-extra-sieve-snooze), by its own capability and by that of Cyrus."""

import re
from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from angarium.sieve.actions import Snooze
from angarium.sieve.arguments import Arguments
from angarium.sieve.flags import flags_in
from angarium.sieve.run import Run
from angarium.sieve.specification import Action, CommandSpecification, Kind, Parameter, Tag
from angarium.sieve.target import TARGET_TAGS, Target, target_of
from angarium.sieve.text import Texts

_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]", re.ASCII)
_WEEKDAY = re.compile(r"[0-6]", re.ASCII)
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,3}", re.ASCII)


def _snooze(arguments: Arguments) -> Action:
    target = _target(arguments)
    weekdays = _checked(arguments, arguments.tag_texts("weekdays"), _WEEKDAY, 'days of the week, "0" to "6"')
    times = _checked(arguments, arguments.texts("times"), _TIME, 'times of the day as "08:30:00"')
    zone = arguments.tag_parsed("tzid", lambda name: name if _is_zone(name) else None, _not_a_zone)
    add, remove = flags_in(arguments.tag_texts("addflags")), flags_in(arguments.tag_texts("removeflags"))

    def snooze(run: Run) -> None:
        found = target(run)
        run.perform(
            Snooze(
                origin=run.origin,
                mailbox=found.mailbox or None,
                mailbox_id=found.mailbox_id,
                special_use=found.special_use,
                create=found.create,
                add_flags=add(run),
                remove_flags=remove(run),
                weekdays=tuple(sorted({int(day) for day in weekdays(run)})),
                zone=zone(run),
                times=tuple(sorted(set(times(run)))),
                flags=run.flags,
                edition=run.edition(),
            )
        )

    return snooze


def _target(arguments: Arguments) -> Target:
    mailbox = arguments.tag_text("mailbox")
    if mailbox is None and arguments.has("create"):
        raise arguments.wrong('":create" needs ":mailbox" here', arguments.position_of("create"))
    return target_of(arguments, mailbox)


def _checked(
    arguments: Arguments, texts: Texts | None, pattern: re.Pattern[str], wanted: str
) -> Callable[[Run], tuple[str, ...]]:
    """A list of strings, each of which the pattern describes."""
    if texts is None:
        return lambda _run: ()
    for text in texts.texts:
        if text.constant is not None and not pattern.fullmatch(text.constant):
            raise arguments.wrong(f'"snooze" takes {wanted}, not "{text.constant[:60]}"', text.position)

    def checked(run: Run) -> tuple[str, ...]:
        values = texts.values(run)
        for value in values:
            if not pattern.fullmatch(value):
                run.fail(f'"snooze" takes {wanted}, not "{value[:60]}"')
        return values

    return checked


def _is_zone(name: str) -> bool:
    if not _ZONE.fullmatch(name):
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _not_a_zone(name: str) -> str:
    return f'there is no time zone "{name[:60]}"'


_FLAGS = ("imap4flags",)

SPECIFICATIONS = (
    CommandSpecification(
        "snooze",
        _snooze,
        ("snooze", "vnd.cyrus.snooze"),
        parameters=(Parameter("times", Kind.STRINGS),),
        tags=(
            Tag("mailbox", kind=Kind.STRING),
            Tag("weekdays", kind=Kind.STRINGS),
            Tag("tzid", kind=Kind.STRING),
            Tag("addflags", _FLAGS, Kind.STRINGS),
            Tag("removeflags", _FLAGS, Kind.STRINGS),
            *TARGET_TAGS,
        ),
    ),
)
