"""The first words of a message, for lists of messages (RFC 8970)."""

from .preview import MAX_SOURCE_CHARACTERS, preview_text

__all__ = ["MAX_SOURCE_CHARACTERS", "preview_text"]
