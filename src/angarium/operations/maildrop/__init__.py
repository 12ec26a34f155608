"""A mailbox as POP3 has it: a maildrop, whose messages are numbered once, and from which deletions take effect at the
end."""

from angarium.operations.maildrop.maildrop import Maildrop, Rows
from angarium.operations.maildrop.opening import TooSoon, open_maildrop

__all__ = ["Maildrop", "Rows", "TooSoon", "open_maildrop"]
