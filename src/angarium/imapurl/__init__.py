"""IMAP URLs of messages and their parts, of mailboxes and servers."""

from .imapurl import (
    ImapServer,
    ImapUrlInvalid,
    MessageUrl,
    UrlRange,
    parse_message_url,
    serialize_mailbox_url,
    serialize_message_url,
    serialize_server_url,
)

__all__ = [
    "ImapServer",
    "ImapUrlInvalid",
    "MessageUrl",
    "UrlRange",
    "parse_message_url",
    "serialize_mailbox_url",
    "serialize_message_url",
    "serialize_server_url",
]
