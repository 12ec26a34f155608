"""What CAPA announces (RFC 2449 §6), in the order of Cyrus, which says nothing of logins behind one."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from angarium.config import Pop3Settings, ServerInfo

_DAY: Final = timedelta(days=1)


def capabilities(
    settings: Pop3Settings,
    *,
    mechanisms: Sequence[str],
    offers_tls: bool,
    offers_user: bool,
    implementation: str,
) -> list[str]:
    """The lines. Behind the login they are the same but for `offers_tls`: what belongs before it is announced there too
    (RFC 2449 §5), while STLS says that it is permitted now (RFC 2595 §4)."""
    lines = []
    if mechanisms:
        lines.append(f"SASL {' '.join(mechanisms)}")
    if offers_tls:
        lines.append("STLS")
    lines += [
        f"EXPIRE {_expire(settings.popexpiretime)}",
        f"LOGIN-DELAY {int(settings.popminpoll.total_seconds())}",
        "TOP",
        "UIDL",
        "PIPELINING",
        "RESP-CODES",
        "AUTH-RESP-CODE",
        # Without the argument USER, behind which pop3test of Cyrus finds no USER; names in UTF-8 are taken anyway.
        "UTF8",
        "LANG",
    ]
    if offers_user:
        lines.append("USER")
    if implementation:
        lines.append(f"IMPLEMENTATION {implementation}")
    return lines


def implementation(serverinfo: ServerInfo, version: str, *, is_logged_in: bool) -> str:
    """Who we are, by `serverinfo`; who has logged in may know (RFC 2449 §6.9). Empty: nothing is said."""
    if is_logged_in or serverinfo is ServerInfo.ON:
        return f"Angarium POP3 {version}"
    return "Angarium POP3" if serverinfo is ServerInfo.MIN else ""


def greeting(serverinfo: ServerInfo, servername: str, version: str) -> str:
    """The text of the greeting without the challenge of APOP, by `serverinfo`."""
    match serverinfo:
        case ServerInfo.ON:
            return f"{servername} Angarium POP3 {version} server ready"
        case ServerInfo.MIN:
            return f"{servername} Angarium POP3 server ready"
        case ServerInfo.OFF:
            return "POP3 server ready"


def _expire(kept: timedelta | None) -> str:
    """In whole days, and rather one too few than a promise that is not kept (RFC 2449 §6.7)."""
    return "NEVER" if kept is None else str(kept // _DAY)
