"""Annotations: of mailboxes and of the server (RFC 5464), and of messages (RFC 5257)."""

from .entries import Metadata, MetadataQuery, MetadataValue
from .filters import filter_values, is_filter_value
from .mailbox import get_mailbox_metadata, metadata_of, set_mailbox_metadata
from .server import ServerPlaces, get_server_metadata, set_server_metadata, shared_server_values

__all__ = [
    "Metadata",
    "MetadataQuery",
    "MetadataValue",
    "ServerPlaces",
    "filter_values",
    "get_mailbox_metadata",
    "get_server_metadata",
    "is_filter_value",
    "metadata_of",
    "set_mailbox_metadata",
    "set_server_metadata",
    "shared_server_values",
]
