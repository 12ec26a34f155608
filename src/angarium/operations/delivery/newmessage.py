"""Messages as they go into mailboxes: with what an annotator adds, or marked as infected."""

from angarium.engine.commands import NewMessage
from angarium.engine.rows import AccountId, InternalDate
from angarium.flags import Flags
from angarium.operations.delivery.context import DeliveryContext, Letter
from angarium.operations.delivery.copies import Copy
from angarium.operations.hooks import quarantine_field
from angarium.operations.messages import PreparedMessage
from angarium.sieve import Edition, Span


async def new_message(
    context: DeliveryContext, letter: Letter, account: AccountId, copy: Copy, flags: Flags
) -> NewMessage:
    """The message for a mailbox of an account; the annotator is asked where there is one."""
    date = InternalDate(context.store.sources.now_s())
    if context.annotator is None or not context.annotator.is_on:
        return NewMessage(copy.file, flags, date, copy.content, copy.search)
    session = letter.sender.session
    proposal = await context.annotator.ask(copy.file.path, copy.content, flags, session=session)
    annotations = proposal.changes(context.store, account)
    return NewMessage(copy.file, proposal.flags, date, copy.content, copy.search, annotations=annotations)


def marked_as_infected(message: PreparedMessage, virus: str) -> Edition:
    """The message with a field that names what was found, at the end of its header."""
    source = message.source
    assert source is not None
    end = source.scanned.root.body_offset
    if bytes(source.view[max(0, end - 4) : end]) == b"\r\n\r\n":
        end -= 2
    else:
        end = 0
    return Edition((Span(0, end), quarantine_field(virus), Span(end, len(source.view))))
