"""Methods of notification (RFC 5435 §3.2): which there are, and whether a URI of one can be used (RFC 5436)."""

from angarium.compose import MailtoInvalid, parse_mailto

_METHOD = "mailto"


def is_supported(uri: str) -> bool:
    """Whether the method of a URI is one of this server, whatever stands behind its scheme."""
    return uri.partition(":")[0].lower() == _METHOD and ":" in uri


def why_not_usable(uri: str) -> str | None:
    """Why nobody can be notified by this URI; None where that can be done."""
    if not is_supported(uri):
        return f'the method of "{uri[:60]}" is not supported: "mailto:" is'
    try:
        parse_mailto(uri)
    except MailtoInvalid as error:
        return str(error)
    return None
