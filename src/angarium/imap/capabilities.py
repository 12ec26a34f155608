"""What is announced, in Cyrus's order: only what works in whole (RFC 9051 §6.1.1)."""

from collections.abc import Collection, Sequence
from typing import Final

_BASICS: Final = (b"IMAP4rev1", b"LITERAL+", b"ID", b"ENABLE")
_AFTER_LOGIN: Final = (b"CHILDREN", b"CONDSTORE", b"MOVE", b"NAMESPACE", b"UIDPLUS", b"UNSELECT")
_IDLE: Final = b"IDLE"


def greeting_capabilities(
    mechanisms: Sequence[str], *, login_disabled: bool, suppressed: Collection[str] = ()
) -> list[bytes]:
    """The short list of the greeting's code."""
    return _shown([*_BASICS, *_authentication(mechanisms, login_disabled=login_disabled)], suppressed)


def capabilities_before_login(
    mechanisms: Sequence[str], *, login_disabled: bool, idle: bool, suppressed: Collection[str] = ()
) -> list[bytes]:
    """What CAPABILITY answers to a stranger."""
    authentication = _authentication(mechanisms, login_disabled=login_disabled)
    return _shown([*_BASICS, *_AFTER_LOGIN, *authentication, *([_IDLE] if idle else [])], suppressed)


def capabilities_after_login(*, idle: bool, suppressed: Collection[str] = ()) -> list[bytes]:
    """What CAPABILITY answers to a user."""
    return _shown([*_BASICS, *_AFTER_LOGIN, *([_IDLE] if idle else [])], suppressed)


def _authentication(mechanisms: Sequence[str], *, login_disabled: bool) -> list[bytes]:
    found = [b"LOGINDISABLED"] if login_disabled else []
    if mechanisms:
        found += [b"AUTH=" + name.encode("ascii") for name in mechanisms]
        found.append(b"SASL-IR")
    return found


def _shown(capabilities: list[bytes], suppressed: Collection[str]) -> list[bytes]:
    hidden = {name.upper().encode("ascii", "replace") for name in suppressed}
    return [name for name in capabilities if name.upper() not in hidden]
