"""What a script did with a message, in words."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Final, assert_never

from angarium.cli.printable import printable
from angarium.sieve import (
    Action,
    Discard,
    FileInto,
    Keep,
    Notify,
    Origin,
    Outcome,
    Redirect,
    Reject,
    Snooze,
    Vacation,
)

_SHOWN_CHARACTERS: Final = 60


def action_words(action: Action, missing: Collection[str] = ()) -> str:
    """An action in one line; `missing` are mailboxes that are known not to be there."""
    match action:
        case Keep():
            words = f"keep in INBOX{_edited(action)}"
        case FileInto():
            words = f"file into {_mailbox(action, missing)}{_edited(action)}"
        case Redirect():
            whom = "the members of " if action.is_list else ""
            words = f"redirect to {whom}{action.address}{_edited(action)}"
        case Discard():
            words = "discard"
        case Reject():
            words = f"reject: {shortened(action.reason)}"
        case Vacation():
            subject = f" {_quoted(action.subject)}" if action.subject else ""
            words = f"answer the sender (vacation{subject}): {shortened(action.reason)}"
        case Notify():
            message = f": {shortened(action.message)}" if action.message else ""
            words = f"notify {action.method}{message}"
        case Snooze():
            days = f" on weekdays {', '.join(map(str, action.weekdays))}" if action.weekdays else ""
            words = f"snooze until {', '.join(action.times)}{days}"
        case _:
            assert_never(action)
    return printable(words)


def actions_words(outcome: Outcome, missing: Collection[str] = ()) -> list[str]:
    """All actions of a run in words; what is the same gives the same."""
    words = [action_words(_as_done(action, missing), missing) for action in outcome.actions]
    if outcome.failure is not None:
        words.append(printable(f"(the script fails: {outcome.failure.reason})"))
    return words


def outcome_lines(outcome: Outcome, source: Sequence[str], missing: Collection[str] = ()) -> Iterator[str]:
    """Each action, and below it the line that decided it; `source` are the lines of the script that was run."""
    for action in outcome.actions:
        yield f"  {action_words(action, missing)}"
        if action.origin is not None:
            yield f"      {origin_words(action.origin, source)}"
        elif outcome.failure is None:
            yield "      no line: nothing in the script has cancelled the implicit keep"
    if outcome.failure is not None:
        yield f"  the script fails, so that the message is kept: {printable(outcome.failure.reason)}"
        yield f"      {origin_words(outcome.failure.origin, source)}"
    for line in outcome.log:
        yield f"  log: {printable(line.text)}"
        yield f"      {origin_words(line.origin, source)}"


def origin_words(origin: Origin, source: Sequence[str]) -> str:
    """Where a command or a test stands, and from there on its line where it is of the script that was run."""
    line, column = origin.position
    place = f"line {line}"
    if origin.script:
        return f"{place} of the included script {_quoted(origin.script)}"
    text = source[line - 1][column - 1 :].strip() if line <= len(source) else ""
    return f"{place}: {shortened(printable(text), 2 * _SHOWN_CHARACTERS)}" if text else place


def _as_done(action: Action, missing: Collection[str]) -> Action:
    """Without what makes no difference to where the mail is."""
    if isinstance(action, FileInto) and action.mailbox not in missing:
        return replace(action, create=False)
    return action


def _mailbox(action: FileInto, missing: Collection[str]) -> str:
    name = _quoted(action.mailbox)
    if action.mailbox_id is not None:
        name = f"the mailbox with the id {action.mailbox_id}, or else {name}"
    elif action.special_use is not None:
        name = f"the mailbox for {action.special_use}, or else {name}"
    if action.create:
        return f"{name}, made where it is missing"
    return f"{name} (there is no such mailbox)" if action.mailbox in missing else name


def _edited(action: Keep | FileInto | Redirect) -> str:
    flags = () if isinstance(action, Redirect) else action.flags
    words = f", with the flags {' '.join(flags)}" if flags else ""
    return words + (", as the script has edited it" if action.edition is not None else "")


def _quoted(text: str) -> str:
    return f'"{text}"'


def shortened(text: str, characters: int = _SHOWN_CHARACTERS) -> str:
    """A text on one line, cut where it is longer."""
    line = " ".join(text.split())
    return line if len(line) <= characters else f"{line[: characters - 1]}…"
