"""Outgoing mail: the queue that deliveries fill, and how it is emptied."""

from .options import QueueOptions, queue_options, reporter_for, rewriter_for
from .queue import QueuedMail, drop_mail, find_mail, queued_mail, retry_mail
from .queueing import dispatch_of
from .runner import Counters, Keep, QueueRunner
from .sendmail import RunProgram, SendmailTransport
from .smtp import Login, SmtpTransport
from .transport import Answer, Letter, Outcome, Sending, Transport, TransportUnavailable

__all__ = [
    "Answer",
    "Counters",
    "Keep",
    "Letter",
    "Login",
    "Outcome",
    "QueueOptions",
    "QueueRunner",
    "QueuedMail",
    "RunProgram",
    "Sending",
    "SendmailTransport",
    "SmtpTransport",
    "Transport",
    "TransportUnavailable",
    "dispatch_of",
    "drop_mail",
    "find_mail",
    "queue_options",
    "queued_mail",
    "reporter_for",
    "retry_mail",
    "rewriter_for",
]
