"""The older notify and denotify, as Cyrus has them by the capability `notify` (draft-martin-sieve-notify)."""

import re
from collections.abc import Callable
from urllib.parse import quote

from angarium.collation import ASCII_CASEMAP
from angarium.sieve.actions import Notify
from angarium.sieve.arguments import Arguments
from angarium.sieve.matching import Matcher, MatchInvalid, MatchType, matcher
from angarium.sieve.run import Run
from angarium.sieve.specification import Action, CommandSpecification, Kind, Tag
from angarium.sieve.text import Text

_IMPORTANCES = {"high": 1, "normal": 2, "low": 3}
_NORMAL = "normal"
_DEFAULT_MESSAGE = "$from$: $subject$"
_VARIABLE = re.compile(r"\$(from|env-from|subject)\$", re.IGNORECASE)
_MAILTO = "mailto"
_MATCH_TYPES = ("is", "contains", "matches", "regex")


def _notify(arguments: Arguments) -> Action:
    method, options = arguments.tag_text("method"), arguments.tag_texts("options")
    message, name = arguments.tag_text("message"), arguments.tag_text("id")
    importance = _IMPORTANCES[arguments.given(*_IMPORTANCES) or _NORMAL]

    def notify(run: Run) -> None:
        given = options.values(run) if options else ()
        text = message.value(run) if message else _DEFAULT_MESSAGE
        run.perform(
            Notify(
                origin=run.origin,
                method=_method(method.value(run) if method else "", given),
                message=_filled(run, text),
                importance=importance,
                options=given,
                id=name.value(run) if name else "",
                edition=run.message.sent_edition(),
            )
        )

    return notify


def _method(name: str, options: tuple[str, ...]) -> str:
    """The name of a method, or for mail, whose options are the addresses, the URI of it."""
    if name.lower() != _MAILTO:
        return name
    return f"{_MAILTO}:{','.join(quote(option, safe='@') for option in options)}"


def _filled(run: Run, text: str) -> str:
    pieces = enumerate(_VARIABLE.split(text))  # each second one is the name of a variable
    return run.joined(_value(run, piece.lower()) if place % 2 else piece for place, piece in pieces)


def _value(run: Run, name: str) -> str:
    match name:
        case "env-from":
            return "" if run.envelope is None else run.envelope.from_
        case _:
            return next(iter(run.message.header(name)), "")


def _denotify(arguments: Arguments) -> Action:
    importance = arguments.given(*_IMPORTANCES)
    wanted = _IMPORTANCES[importance] if importance else None
    matches = _name_matcher(arguments)

    def denotify(run: Run) -> None:
        is_meant = matches(run)
        run.decisions.withdraw(lambda notify: is_meant(notify.id) and (wanted is None or notify.importance == wanted))

    return denotify


def _name_matcher(arguments: Arguments) -> Callable[[Run], Callable[[str], bool]]:
    """Whether a notification is meant by its id; all are where no match type is given."""
    tag = arguments.given(*_MATCH_TYPES)
    key = arguments.tag_text(tag) if tag else None
    if tag is None or key is None:
        return lambda _run: lambda _name: True
    match_type = MatchType(tag)
    if key.constant is not None:
        try:
            constant = matcher(match_type, ASCII_CASEMAP, (key.constant,), None)
        except MatchInvalid as error:
            raise arguments.wrong(str(error), key.position) from error
        return lambda _run: lambda name: constant((name,)) is not None
    return lambda run: _matching(_matcher(run, match_type, key))


def _matcher(run: Run, match_type: MatchType, key: Text) -> Matcher:
    try:
        return matcher(match_type, ASCII_CASEMAP, (key.value(run),), None)
    except MatchInvalid as error:
        run.fail(str(error))


def _matching(match: Matcher) -> Callable[[str], bool]:
    return lambda name: match((name,)) is not None


_IMPORTANCE_TAGS = tuple(Tag(name, group="importance") for name in _IMPORTANCES)

SPECIFICATIONS = (
    CommandSpecification(
        "notify",
        _notify,
        ("notify",),
        tags=(
            Tag("method", kind=Kind.STRING),
            Tag("id", kind=Kind.STRING),
            Tag("options", kind=Kind.STRINGS),
            Tag("message", kind=Kind.STRING),
            *_IMPORTANCE_TAGS,
        ),
    ),
    CommandSpecification(
        "denotify",
        _denotify,
        ("notify",),
        tags=(
            *(Tag(name, kind=Kind.STRING, group="match type") for name in _MATCH_TYPES[:3]),
            Tag("regex", ("regex",), Kind.STRING, group="match type"),
            *_IMPORTANCE_TAGS,
        ),
    ),
)
