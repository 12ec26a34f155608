"""GETACL, SETACL, DELETEACL, LISTRIGHTS, MYRIGHTS (RFC 4314 §3). Mailboxes are named as the client named them."""

from angarium.errors import AclInvalid, RightUnknown
from angarium.imap import commands as c
from angarium.imap.errors import Answer
from angarium.imap.responses import Condition
from angarium.imap.serializer import serialize_acl, serialize_listrights, serialize_myrights
from angarium.imap.session import COMPLETED, CommandFailed, Completion, ImapSession
from angarium.operations import mailboxes
from angarium.rights import AddRights, Modification, RemoveRights, Rights, SetRights, parse_rights, serialize_rights


async def getacl(session: ImapSession, command: c.GetAcl) -> Completion:
    """GETACL."""
    acl = await mailboxes.get_acl(session.services.store, session.user, session.mailbox_name(command.mailbox))
    entries = [(entry.identifier.encode(), _serialize_rights(session, entry.rights)) for entry in acl.entries]
    session.output.write(serialize_acl(command.mailbox, entries))
    return COMPLETED


async def setacl(session: ImapSession, command: c.SetAcl) -> Completion:
    """SETACL. The rights are looked at first: what is wrong with them says nothing of the mailbox."""
    modification = _parse_modification(session, command)
    await mailboxes.set_acl(
        session.services.store,
        session.user,
        session.mailbox_name(command.mailbox),
        identifier=_parse_identifier(command.identifier),
        modification=modification,
    )
    return COMPLETED


async def deleteacl(session: ImapSession, command: c.DeleteAcl) -> Completion:
    """DELETEACL; well too where the identifier has no rights."""
    await mailboxes.delete_acl(
        session.services.store,
        session.user,
        session.mailbox_name(command.mailbox),
        identifier=_parse_identifier(command.identifier),
    )
    return COMPLETED


async def listrights(session: ImapSession, command: c.ListRights) -> Completion:
    """LISTRIGHTS."""
    rights = await mailboxes.list_rights(
        session.services.store,
        session.user,
        session.mailbox_name(command.mailbox),
        identifier=_parse_identifier(command.identifier),
    )
    optional = [letter.encode("ascii") for letter in rights.optional]
    required = rights.required.encode("ascii")
    session.output.write(serialize_listrights(command.mailbox, command.identifier, required, optional))
    return COMPLETED


async def myrights(session: ImapSession, command: c.MyRights) -> Completion:
    """MYRIGHTS."""
    rights = await mailboxes.my_rights(session.services.store, session.user, session.mailbox_name(command.mailbox))
    session.output.write(serialize_myrights(command.mailbox, _serialize_rights(session, rights)))
    return COMPLETED


def _serialize_rights(session: ImapSession, rights: Rights) -> bytes:
    return serialize_rights(rights, deleteright=session.services.store.policy.deleteright).encode("ascii")


def _parse_modification(session: ImapSession, command: c.SetAcl) -> Modification:
    try:
        text = command.rights.decode("ascii", "replace")
        rights = parse_rights(text, deleteright=session.services.store.policy.deleteright)
    except RightUnknown as error:
        # The letter is the client's, and goes back to it only where it can be part of a line.
        letter = error.letter if error.letter.isascii() and error.letter.isprintable() else "?"
        refusal = b"The %b right is not supported" % letter.encode("ascii")
        raise CommandFailed(Answer(refusal, condition=Condition.BAD)) from error
    match command.mode:
        case c.RightsMode.REPLACE:
            return SetRights(rights)
        case c.RightsMode.ADD:
            return AddRights(rights)
        case c.RightsMode.REMOVE:
            return RemoveRights(rights)


def _parse_identifier(octets: bytes) -> str:
    """Identifiers are UTF-8 (RFC 4314 §3)."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise AclInvalid("an identifier is UTF-8") from error
