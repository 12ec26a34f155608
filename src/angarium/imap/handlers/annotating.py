"""STORE of annotations (RFC 5257 §4.5), and what it shares with APPEND (RFC 5257 §4.7)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from angarium.engine.rows import ModSeq
from angarium.errors import AnnotationLimitExceeded, AnnotationTooLarge
from angarium.imap import commands as c
from angarium.imap.errors import Answer, answer_for
from angarium.imap.responses import Condition, code_modified
from angarium.imap.session import COMPLETED, CommandFailed, Completion, ImapSession
from angarium.operations import messages
from angarium.operations.messages import MessageAnnotation

from .fetching import EXPUNGED, chosen_uids, enable_condstore, flags_items, numbers_of, send_fetch
from .messagelimit import concluded, within_limit
from .updating import send_updates

_UNKNOWN_ATTRIBUTE: Final = Answer(b"Invalid annotation attribute", condition=Condition.BAD)


async def store_annotation(session: ImapSession, command: c.StoreAnnotation) -> Completion:
    """STORE and UID STORE of ANNOTATION: silent, but for mod-sequences (RFC 7162 §3.1.3)."""
    selected = session.mailbox
    limited = within_limit(session, chosen_uids(selected, command.messages, by_uid=command.by_uid))
    uids = limited.uids
    values = parse_annotations(command.annotations)
    if command.unchanged_since is not None:
        enable_condstore(session, b"UNCHANGEDSINCE")
    if uids and not command.by_uid and not selected.view.indexes_of(uids).size:
        raise CommandFailed(EXPUNGED)
    with annotation_refusals():
        stored = await messages.store_annotations(
            session.services.store,
            session.user,
            selected,
            uids,
            values,
            unchanged_since=None if command.unchanged_since is None else ModSeq(command.unchanged_since),
        )
    if stored.modseq is not None:
        selected.silence(stored.changed, stored.modseq)
    await selected.refresh()
    updates = selected.updates(allow_expunge=command.by_uid)
    await send_updates(session, updates, by_uid=command.by_uid)
    if session.condstore:
        silent = stored.changed.difference(updates.changed).intersect(selected.told())
        await send_fetch(session, silent, flags_items(session))
    if not stored.refused:
        return concluded(session, COMPLETED, limited)
    refused = stored.refused if command.by_uid else numbers_of(selected, stored.refused)
    return concluded(session, Completion(code=code_modified(refused)), limited)


def parse_annotations(given: Sequence[c.AnnotationValue]) -> list[MessageAnnotation]:
    """What STORE and APPEND are to set; only single values can be."""
    values: list[MessageAnnotation] = []
    for each in given:
        attribute = each.attribute.lower()
        if attribute not in ("value.priv", "value.shared"):
            raise CommandFailed(_UNKNOWN_ATTRIBUTE)
        values.append(MessageAnnotation(each.entry, attribute == "value.shared", each.value))
    return values


@contextmanager
def annotation_refusals() -> Iterator[None]:
    """With the codes of RFC 5257 §4.5."""
    try:
        yield
    except AnnotationTooLarge as error:
        raise CommandFailed(Answer(answer_for(error).text, b"ANNOTATE TOOBIG")) from error
    except AnnotationLimitExceeded as error:
        raise CommandFailed(Answer(answer_for(error).text, b"ANNOTATE TOOMANY")) from error
