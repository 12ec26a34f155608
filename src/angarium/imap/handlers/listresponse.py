"""The LIST response that a client of IMAP4rev2 gets to commands other than LIST (RFC 9051 §6.3.2, §6.3.6, §6.3.9.7)."""

from typing import Final

from angarium.imap.serializer import serialize_list
from angarium.imap.session import ImapSession
from angarium.imap.terminals import QuotableUtf8
from angarium.names import ListPattern, MailboxName, nfc
from angarium.operations import mailboxes
from angarium.operations.mailboxes import ListAttribute

_ATTRIBUTES: Final = {
    ListAttribute.NO_SELECT: b"\\Noselect",
    ListAttribute.SUBSCRIBED: b"\\Subscribed",
    ListAttribute.HAS_CHILDREN: b"\\HasChildren",
    ListAttribute.HAS_NO_CHILDREN: b"\\HasNoChildren",
}


async def send_list_response(session: ImapSession, name: MailboxName, *, asked_as: str) -> None:
    """Tell of a mailbox that the client knows of, with OLDNAME if that is another name than `asked_as`.

    One that LIST hides from the user, who may select it all the same (RFC 4314 §4), is told without attributes.
    """
    external, separator = session.names.to_external(name), session.names.separator
    store, pattern = session.services.store, ListPattern("", external, separator)
    attributes: list[bytes] = []
    for listed in await mailboxes.list_mailboxes(store, session.user, [pattern]):
        if listed.external == external and listed.mailbox is not None:
            attributes = [octets for attribute, octets in _ATTRIBUTES.items() if attribute in listed.attributes]
            if listed.mailbox.special_use and session.services.settings.mailboxes.specialusealways:
                attributes.append(listed.mailbox.special_use.encode("ascii"))
    _write(session, attributes, name, asked_as=asked_as)


async def tell_spelling(session: ImapSession, name: MailboxName, octets: bytes) -> None:
    """Tell a client of IMAP4rev2 of the mailbox that it named where the name is spelt otherwise here."""
    asked_as = _asked_otherwise(session, name, octets)
    if asked_as is not None:
        await send_list_response(session, name, asked_as=asked_as)


def tell_spelling_of_deleted(session: ImapSession, name: MailboxName, octets: bytes) -> None:
    """The same of a mailbox that has just gone (RFC 9051 §6.3.5)."""
    asked_as = _asked_otherwise(session, name, octets)
    if asked_as is not None:
        _write(session, [b"\\NonExistent"], name, asked_as=asked_as)


def _asked_otherwise(session: ImapSession, name: MailboxName, octets: bytes) -> str | None:
    if not session.is_rev2:
        return None
    # A separator at the end says that mailboxes below are to follow (RFC 9051 §6.3.4), and is no spelling.
    asked_as = session.decode_name(octets).removesuffix(session.names.separator)
    return None if asked_as == nfc(session.names.to_external(name)) else asked_as


def _write(session: ImapSession, attributes: list[bytes], name: MailboxName, *, asked_as: str) -> None:
    told = session.encode_name(name)
    oldname = QuotableUtf8(asked_as.encode())
    session.output.write(
        serialize_list(
            attributes, session.names.separator.encode("ascii"), told, oldname=None if oldname == told else oldname
        )
    )
