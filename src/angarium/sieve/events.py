"""What is of no use to scripts that IMAP events run: they work on messages of mailboxes, which nobody delivers
(RFC 6785 §3.11, §3.12)."""

from collections.abc import Iterable

from angarium.sieve.actions import Action, Reject, Snooze, Vacation

EVENTS = "imapsieve"
"""The capability of scripts that depend on such events."""

_INAPPLICABLE = frozenset(
    {
        "reject",
        "ereject",
        "vacation",
        "vacation-seconds",
        "duplicate",  # RFC 7352 §3: SHOULD NOT
        "snooze",
        "vnd.cyrus.snooze",
    }
)


def is_applicable(capability: str) -> bool:
    """Whether a script that an event runs may require it."""
    return capability not in _INAPPLICABLE


def first_inapplicable(capabilities: Iterable[str]) -> str | None:
    """The first one that such a script must not require."""
    return next((each for each in capabilities if each in _INAPPLICABLE), None)


def inapplicable_action(action: Action) -> str | None:
    """The name of an action that such a script must not take, however it came to it; None of others."""
    match action:
        case Reject(extended=extended):
            return "ereject" if extended else "reject"
        case Vacation():
            return "vacation"
        case Snooze():
            return "snooze"
        case _:
            return None
