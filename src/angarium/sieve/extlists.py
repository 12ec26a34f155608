"""External lists and their names (RFC 6134)."""

from collections.abc import Callable

from angarium.sieve.facts import ListKnown
from angarium.sieve.run import Run
from angarium.sieve.text import Text

_SHORT = ":"
_LONG = "urn:ietf:params:sieve:"


def list_name(name: str) -> str:
    """The whole name of a list that may be written short (RFC 6134 §2.5)."""
    return _LONG + name.removeprefix(_SHORT) if name.startswith(_SHORT) else name


def is_known(run: Run, name: str) -> bool:
    """Whether there is such a list; asks."""
    return run.ask(ListKnown(name)) is True


def require_list(run: Run, name: str) -> str:
    """The whole name of a list; the run fails where there is none such."""
    whole = list_name(name)
    if not is_known(run, whole):
        run.fail(f'there is no external list "{name[:60]}"')
    return whole


def known_list(name: Text) -> Callable[[Run], str]:
    """The same of an argument."""
    return lambda run: require_list(run, name.value(run))
