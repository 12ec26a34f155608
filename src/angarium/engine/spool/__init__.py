"""Message files on partitions, and the header that each mailbox's directory has."""

from angarium.engine.spool.finding import find_mailboxes
from angarium.engine.spool.header import CEILING_STEP, HEADER_NAME, MailboxHeader
from angarium.engine.spool.layout import Layout, message_name, queued_name, uid_of
from angarium.engine.spool.message import SpoolMessageFile, SpoolStagedMessage

__all__ = [
    "CEILING_STEP",
    "HEADER_NAME",
    "Layout",
    "MailboxHeader",
    "SpoolMessageFile",
    "SpoolStagedMessage",
    "find_mailboxes",
    "message_name",
    "queued_name",
    "uid_of",
]
