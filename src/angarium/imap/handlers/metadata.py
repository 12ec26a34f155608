"""GETMETADATA and SETMETADATA (RFC 5464 §4.2, §4.3), GETANNOTATION and SETANNOTATION (ANNOTATEMORE, by option)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from angarium.errors import (
    AnnotationLimitExceeded,
    AnnotationTooLarge,
    PermissionDenied,
    PrivateAnnotationsUnsupported,
)
from angarium.imap import commands as c
from angarium.imap.annotationresponses import code_longentries, serialize_annotation_response, serialize_metadata
from angarium.imap.errors import Answer, answer_for
from angarium.imap.session import COMPLETED, CommandFailed, Completion, ImapSession
from angarium.names import ListPattern, MailboxName
from angarium.operations import mailboxes
from angarium.operations.metadata import (
    Metadata,
    MetadataQuery,
    MetadataValue,
    ServerPlaces,
    get_mailbox_metadata,
    get_server_metadata,
    set_mailbox_metadata,
    set_server_metadata,
)

from .filters import check_filter

_LEVELS: Final = {c.Depth.ZERO: 0, c.Depth.ONE: 1, c.Depth.INFINITY: None}
_SHARED: Final = ("value", "value.shared")
_PRIVATE: Final = ("value", "value.priv")


async def getmetadata(session: ImapSession, command: c.GetMetadata) -> Completion:
    """GETMETADATA."""
    query = MetadataQuery(command.entries, _LEVELS[command.depth], command.max_size_octets)
    found = await _get(session, command.mailbox, query)
    if found.values:
        values = [(each.entry.encode(), each.value) for each in found.values]
        session.output.write(serialize_metadata(command.mailbox, values))
    return COMPLETED if found.longest_octets is None else Completion(code=code_longentries(found.longest_octets))


async def setmetadata(session: ImapSession, command: c.SetMetadata) -> Completion:
    """SETMETADATA."""
    values = [MetadataValue(each.entry, each.value) for each in command.values]
    name = session.mailbox_name(command.mailbox) if command.mailbox else None
    await _set(session, name, values)
    return COMPLETED


async def getannotation(session: ImapSession, command: c.GetAnnotation) -> Completion:
    """GETANNOTATION: a response for each mailbox and entry."""
    _require_legacy_commands(session)
    names = [
        prefix + entry
        for entry in command.entries
        for attribute in command.attributes
        for prefix in _prefixes(attribute.lower())
    ]
    for mailbox in await _matching(session, command.mailbox):
        found = await _get(session, mailbox, MetadataQuery(tuple(names)))
        by_entry: dict[str, list[tuple[bytes, bytes | None]]] = {}
        for each in found.values:
            _, scope, entry = each.entry.split("/", 2)
            attribute = b"value.shared" if scope == "shared" else b"value.priv"
            by_entry.setdefault("/" + entry, []).append((attribute, each.value))
        for entry, attributes in by_entry.items():
            session.output.write(serialize_annotation_response(mailbox, entry.encode(), attributes))
        await session.output.drain()
    return COMPLETED


async def setannotation(session: ImapSession, command: c.SetAnnotation) -> Completion:
    """SETANNOTATION; only single values can be set."""
    _require_legacy_commands(session)
    values: list[MetadataValue] = []
    for each in command.values:
        match each.attribute.lower():
            case "value.shared":
                values.append(MetadataValue("/shared" + each.entry, each.value))
            case "value.priv":
                values.append(MetadataValue("/private" + each.entry, each.value))
            case _:
                raise PermissionDenied(f"{each.attribute} cannot be set")
    for mailbox in await _matching(session, command.mailbox):
        await _set(session, session.mailbox_name(mailbox) if mailbox else None, values)
    return COMPLETED


def _require_legacy_commands(session: ImapSession) -> None:
    if not session.services.settings.annotations.annotation_enable_legacy_commands:
        raise PermissionDenied("annotation_enable_legacy_commands is off")


def _prefixes(attribute: str) -> list[str]:
    """Where the values are that an attribute, perhaps a pattern, means."""
    is_any = attribute in ("*", "%", "value*", "value%", "value.*", "value.%")
    private = ["/private"] if is_any or attribute in _PRIVATE else []
    shared = ["/shared"] if is_any or attribute in _SHARED else []
    return private + shared


async def _matching(session: ImapSession, octets: bytes) -> list[bytes]:
    """The mailboxes that are meant, as the client is told of them; the empty name is the server."""
    if b"*" not in octets and b"%" not in octets:
        return [octets]
    pattern = ListPattern("", session.decode_name(octets), session.names.separator)
    listed = await mailboxes.list_mailboxes(session.services.store, session.user, [pattern])
    return [session.encode_text(each.external) for each in listed if each.mailbox is not None]


async def _get(session: ImapSession, mailbox: bytes, query: MetadataQuery) -> Metadata:
    store, actor = session.services.store, session.user
    if mailbox:
        return await get_mailbox_metadata(store, actor, session.mailbox_name(mailbox), query)
    return await get_server_metadata(store, actor, _places(session), query)


async def _set(session: ImapSession, name: MailboxName | None, values: Sequence[MetadataValue]) -> None:
    store, actor = session.services.store, session.user
    with _refusals_with_codes():
        if name is None:
            for each in values:
                check_filter(session, each.entry, each.value)
            await set_server_metadata(store, actor, _places(session), values)
            _note_own(session, values)
        else:
            await set_mailbox_metadata(store, actor, name, values)


def _note_own(session: ImapSession, values: Sequence[MetadataValue]) -> None:
    """NOTIFY does not tell a client what it did itself (RFC 5465 §5)."""
    if session.notification is not None and session.notification.watch is not None:
        shared = {each.entry.removeprefix("/shared"): each.value for each in values if each.entry.startswith("/shared")}
        session.notification.watch.set_by_session(shared)


def _places(session: ImapSession) -> ServerPlaces:
    directories = session.services.settings.directories
    return ServerPlaces(directories.configdirectory / "msg", directories.partitions)


@contextmanager
def _refusals_with_codes() -> Iterator[None]:
    """With the codes of RFC 5464 §4.3."""
    try:
        yield
    except (AnnotationTooLarge, AnnotationLimitExceeded, PrivateAnnotationsUnsupported) as error:
        if isinstance(error, AnnotationTooLarge):
            code = b"METADATA MAXSIZE %d" % error.maximum_octets
        else:
            code = b"METADATA TOOMANY" if isinstance(error, AnnotationLimitExceeded) else b"METADATA NOPRIVATE"
        raise CommandFailed(Answer(answer_for(error).text, code)) from error
