"""Annotations: of mailboxes and of the server (RFC 5464), and of messages (RFC 5257)."""

from .entries import Metadata, MetadataQuery, MetadataValue
from .mailbox import get_mailbox_metadata, metadata_of, set_mailbox_metadata
from .server import ServerPlaces, get_server_metadata, set_server_metadata

__all__ = [
    "Metadata",
    "MetadataQuery",
    "MetadataValue",
    "ServerPlaces",
    "get_mailbox_metadata",
    "get_server_metadata",
    "metadata_of",
    "set_mailbox_metadata",
    "set_server_metadata",
]
