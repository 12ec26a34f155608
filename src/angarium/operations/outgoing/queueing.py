"""From what was composed to a line of the queue."""

from angarium.compose import OutgoingMail
from angarium.engine.commands import StagedFile
from angarium.engine.delivery import Dispatch, Mark


def dispatch_of(
    mail: OutgoingMail,
    *,
    expires_at_s: int,
    file: StagedFile | None = None,
    offset: int = 0,
    mark: Mark | None = None,
) -> Dispatch:
    """A mail as a part of a delivery's one write; of `file`, what follows `offset` stands behind its content."""
    return Dispatch(
        sender=mail.sender,
        recipients=mail.recipients,
        head=mail.content,
        purpose=mail.purpose,
        message_id=mail.message_id,
        expires_at_s=expires_at_s,
        file=file,
        offset=offset,
        parameters=mail.parameters,
        mark=mark,
    )
