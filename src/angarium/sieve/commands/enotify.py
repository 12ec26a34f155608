"""notify, valid_notify_method and notify_method_capability (RFC 5435), for the method `mailto` (RFC 5436)."""

import re

from angarium.compose import parse_mailbox
from angarium.sieve.actions import Notify
from angarium.sieve.arguments import Arguments
from angarium.sieve.comparison import COMPARISON_TAGS, comparison
from angarium.sieve.facts import NotifyMethodOnline
from angarium.sieve.notification import is_supported, why_not_usable
from angarium.sieve.run import Run
from angarium.sieve.specification import Action, CommandSpecification, Kind, Parameter, Tag, Test, TestSpecification
from angarium.sieve.target import FCC_TAGS, fcc_of
from angarium.sieve.text import Texts

_OPTION = re.compile(r"[a-z0-9][a-z0-9._-]*=[^\x00\r\n]*", re.IGNORECASE | re.ASCII)
_IMPORTANCES = {"1": 1, "2": 2, "3": 3}
_NORMAL = 2
_CHARACTERS_OF_STEP = 4


def _notify(arguments: Arguments) -> Action:
    method = arguments.text("method")
    message, options = arguments.tag_text("message"), arguments.tag_texts("options")
    importance = arguments.tag_parsed("importance", _IMPORTANCES.get, _not_an_importance)
    # For mail it is an address (RFC 5436 §2.3).
    sender = arguments.tag_parsed("from", lambda text: text if parse_mailbox(text) else None, _not_an_address)
    fcc = fcc_of(arguments)
    _check_options(arguments, options)

    def notify(run: Run) -> None:
        uri = method.value(run)
        # A method that is not there is wrong only where it is used: scripts may have asked before (RFC 5435 §3.2).
        reason = _why_not_usable(run, uri)
        if reason is not None:
            run.fail(reason)
        given = options.values(run) if options else ()
        for option in given:
            if not _OPTION.fullmatch(option):
                run.fail(_not_an_option(option))
        run.perform(
            Notify(
                origin=run.origin,
                method=uri,
                message=message.value(run) if message else None,
                from_=sender(run),
                importance=importance(run) or _NORMAL,
                options=given,
                fcc=fcc(run),
                edition=run.message.sent_edition(),
            )
        )

    return notify


def _check_options(arguments: Arguments, options: Texts | None) -> None:
    for text in options.texts if options else ():
        if text.constant is not None and not _OPTION.fullmatch(text.constant):
            raise arguments.wrong(_not_an_option(text.constant), text.position)


def _valid_notify_method(arguments: Arguments) -> Test:
    uris = arguments.texts("methods")
    return lambda run: all(_why_not_usable(run, uri) is None for uri in uris.values(run))


def _notify_method_capability(arguments: Arguments) -> Test:
    method, capability = arguments.text("method"), arguments.text("capability")
    compare = comparison(arguments, arguments.texts("keys"), counts_empty=False)
    has_fcc = arguments.requires("fcc")

    def notify_method_capability(run: Run) -> bool:
        value = _capability(run, method.value(run), capability.value(run).lower(), has_fcc=has_fcc)
        return value is not None and compare(run, (value,))

    return notify_method_capability


def _capability(run: Run, uri: str, capability: str, *, has_fcc: bool) -> str | None:
    """What is known of a method; None of what is not (RFC 5435 §5)."""
    if capability == "fcc" and has_fcc:
        return "yes" if is_supported(uri) else None  # the scheme is enough (RFC 8580 §6.1)
    if capability != "online" or _why_not_usable(run, uri) is not None:
        return None
    answer = run.ask(NotifyMethodOnline(uri, capability))
    return answer if isinstance(answer, str) else None


def _why_not_usable(run: Run, uri: str) -> str | None:
    run.spend(1 + len(uri) // _CHARACTERS_OF_STEP)
    return why_not_usable(uri)


def _not_an_importance(text: str) -> str:
    return f'":importance" takes "1", "2" or "3", not "{text[:60]}"'


def _not_an_address(text: str) -> str:
    return f'":from" takes a mail address, not "{text[:60]}"'


def _not_an_option(text: str) -> str:
    return f'":options" takes strings as "name=value", not "{text[:60]}"'


_CAPABILITY = ("enotify",)
_KEYS = Parameter("keys", Kind.STRINGS)

SPECIFICATIONS = (
    CommandSpecification(
        "notify",
        _notify,
        _CAPABILITY,
        parameters=(Parameter("method", Kind.STRING),),
        tags=(
            Tag("from", kind=Kind.STRING),
            Tag("importance", kind=Kind.STRING),
            Tag("options", kind=Kind.STRINGS),
            Tag("message", kind=Kind.STRING),
            *FCC_TAGS,
        ),
    ),
    TestSpecification(
        "valid_notify_method", _valid_notify_method, _CAPABILITY, parameters=(Parameter("methods", Kind.STRINGS),)
    ),
    TestSpecification(
        "notify_method_capability",
        _notify_method_capability,
        _CAPABILITY,
        parameters=(Parameter("method", Kind.STRING), Parameter("capability", Kind.STRING), _KEYS),
        tags=COMPARISON_TAGS,
    ),
)
