"""Mail that the server itself composes: answers, reports, notifications and what is sent on, as octets.

Pure: time, ids and names are arguments. Whatever a script or a message says, it cannot begin a header field of its own.
"""

from .identity import derived_id, message_id
from .mail import OutgoingMail, Purpose, extension_parameters
from .mailboxes import Mailbox, is_address, is_reverse_path, parse_mailbox, parse_mailboxes
from .mailto import Mailto, MailtoInvalid, parse_mailto
from .notice import script_failure_notice
from .notification import mail_notification
from .original import HEADER_OCTETS_MAX, Original, header_of
from .redirection import RedirectedHead, redirected_head, redirected_parameters, redirected_sender
from .reports import (
    Action,
    RecipientStatus,
    RefusalForm,
    Reporter,
    delivery_report,
    disposition_notification,
    refusal_form,
)
from .restraint import is_robot, why_not_answered, why_not_notified, why_not_redirected, why_not_reported
from .srs import DEFAULT_HASH_LENGTH, Rewriter
from .vacation import vacation_answer

__all__ = [
    "DEFAULT_HASH_LENGTH",
    "HEADER_OCTETS_MAX",
    "Action",
    "Mailbox",
    "Mailto",
    "MailtoInvalid",
    "Original",
    "OutgoingMail",
    "Purpose",
    "RecipientStatus",
    "RedirectedHead",
    "RefusalForm",
    "Reporter",
    "Rewriter",
    "delivery_report",
    "derived_id",
    "disposition_notification",
    "extension_parameters",
    "header_of",
    "is_address",
    "is_reverse_path",
    "is_robot",
    "mail_notification",
    "message_id",
    "parse_mailbox",
    "parse_mailboxes",
    "parse_mailto",
    "redirected_head",
    "redirected_parameters",
    "redirected_sender",
    "refusal_form",
    "script_failure_notice",
    "vacation_answer",
    "why_not_answered",
    "why_not_notified",
    "why_not_redirected",
    "why_not_reported",
]
