"""The LIST response that a client of IMAP4rev2 gets to commands other than LIST (RFC 9051 §6.3.2, §6.3.6)."""

from typing import Final

from angarium.imap.serializer import serialize_list
from angarium.imap.session import ImapSession
from angarium.names import ListPattern, MailboxName
from angarium.operations import mailboxes
from angarium.operations.mailboxes import ListAttribute

_ATTRIBUTES: Final = {
    ListAttribute.NO_SELECT: b"\\Noselect",
    ListAttribute.SUBSCRIBED: b"\\Subscribed",
    ListAttribute.HAS_CHILDREN: b"\\HasChildren",
    ListAttribute.HAS_NO_CHILDREN: b"\\HasNoChildren",
}


async def send_list_response(session: ImapSession, name: MailboxName, *, asked_as: str) -> None:
    """Tell of a mailbox, where the client may know of it, with OLDNAME if that is another name than `asked_as`."""
    external, separator = session.names.to_external(name), session.names.separator
    store, pattern = session.services.store, ListPattern("", external, separator)
    for listed in await mailboxes.list_mailboxes(store, session.user, [pattern]):
        if listed.external != external or listed.mailbox is None:
            continue
        attributes = [octets for attribute, octets in _ATTRIBUTES.items() if attribute in listed.attributes]
        if listed.mailbox.special_use:
            attributes.append(listed.mailbox.special_use.encode("ascii"))
        oldname = None if asked_as == external else session.encode_text(asked_as)
        session.output.write(
            serialize_list(attributes, separator.encode("ascii"), session.encode_text(external), oldname=oldname)
        )
