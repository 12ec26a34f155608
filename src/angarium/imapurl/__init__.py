"""IMAP URLs of messages and their parts."""

from .imapurl import ImapServer, ImapUrlInvalid, MessageUrl, UrlRange, parse_message_url, serialize_message_url

__all__ = [
    "ImapServer",
    "ImapUrlInvalid",
    "MessageUrl",
    "UrlRange",
    "parse_message_url",
    "serialize_message_url",
]
