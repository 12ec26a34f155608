"""What can be annotated in a selected mailbox, as SELECT and EXAMINE tell (RFC 5257 §4.1)."""

from angarium.imap.dialect import Extension
from angarium.imap.session import ImapSession


def annotations_code(session: ImapSession) -> list[bytes]:
    """The code ANNOTATIONS; none for a client from which the extension is hidden."""
    if Extension.ANNOTATE not in session.parser.dialect.served:
        return []
    if session.mailbox.is_examined:
        level = b"READ-ONLY"
    else:
        level = b"%d" % session.services.store.policy.annotations.value_octets
    # Whoever has no account has no place for annotations of her own.
    return [b"ANNOTATIONS " + level + (b"" if session.user.account is not None else b" NOPRIVATE")]
