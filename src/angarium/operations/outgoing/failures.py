"""What is told of mail that could not be sent, and to whom."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from angarium.compose import (
    HEADER_OCTETS_MAX,
    Action,
    Original,
    Purpose,
    RecipientStatus,
    delivery_report,
    header_of,
    why_not_reported,
)
from angarium.engine.delivery import Dispatch, DispatchRow
from angarium.engine.interface import MessageFile
from angarium.operations.outgoing.options import QueueOptions
from angarium.operations.outgoing.queueing import dispatch_of
from angarium.operations.outgoing.transport import Answer, Outcome

_REPORTED: Final = frozenset({Purpose.REDIRECT, Purpose.NOTIFY})
"""Others are answers themselves: nobody is told what became of them (RFC 3834 §3.3)."""


def why_silent(row: DispatchRow, action: Action) -> str | None:
    """Why nobody is told of this mail's fate; None where its sender is."""
    if row.purpose not in _REPORTED:
        return "purpose"
    notify = dict(row.parameters).get("NOTIFY", "").upper()
    if notify == "NEVER" or (notify and action is Action.FAILED and "FAILURE" not in notify.split(",")):
        # RFC 3461 §4.1
        return "not_wanted"
    return why_not_reported(row.sender)


async def report_of(
    row: DispatchRow,
    file: MessageFile | None,
    answers: Mapping[str, Answer],
    *,
    action: Action = Action.FAILED,
    options: QueueOptions,
    now_s: int,
) -> Dispatch:
    """The report to the sender of a mail, about the recipients of `answers`.

    A sender that was rewritten is turned back here, so that the report does not depend on who does that for others.
    """
    sender = row.sender
    if options.rewriter is not None:
        sender = options.rewriter.reverse(sender, now_s=now_s) or sender
    mail = delivery_report(
        Original(header_of(await _beginning(row, file))),
        action=action,
        sender=sender,
        statuses=_statuses(answers),
        reporter=options.reporter,
        arrived=datetime.fromtimestamp(row.queued_at_s, UTC),
        moment=datetime.fromtimestamp(now_s, UTC),
    )
    return dispatch_of(mail, expires_at_s=now_s + options.lifetime_s)


def expired_answers(row: DispatchRow) -> dict[str, Answer]:
    """RFC 3463 §3.5: the time of delivery is over."""
    text = "the mail could not be sent for too long" + (f"; last: {row.last_error}" if row.last_error else "")
    return dict.fromkeys(row.recipients, Answer(Outcome.NEVER, text, "4.4.7"))


def _statuses(answers: Mapping[str, Answer]) -> Sequence[RecipientStatus]:
    default = {Outcome.NEVER: "5.0.0", Outcome.LATER: "4.0.0", Outcome.SENT: "2.0.0"}
    return [
        RecipientStatus(recipient, answer.status or default[answer.outcome], answer.text, answer.remote)
        for recipient, answer in answers.items()
    ]


async def _beginning(row: DispatchRow, file: MessageFile | None) -> bytes:
    if file is None:
        return row.head[:HEADER_OCTETS_MAX]
    return row.head + await file.read(row.offset, HEADER_OCTETS_MAX)
