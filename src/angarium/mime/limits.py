"""How much of a message the scanner takes apart, and what it may be given to read."""

import mmap
from dataclasses import dataclass

MessageBuffer = bytes | memoryview | mmap.mmap


@dataclass(frozen=True, slots=True)
class Limits:
    """Beyond a limit the rest becomes an opaque leaf or is left out of what is derived; it is never an error."""

    parts: int = 10_000
    """Body parts of a message; the last one holds all that follows."""

    depth: int = 100
    """Multiparts and encapsulated messages inside one another; a deeper one is a leaf."""

    header_octets: int = 10 * 1024 * 1024
    """Header block of a message or part; what follows counts as its body."""

    header_lines: int = 5_000
    """Lines of a header block that are read as fields; later ones are sent with it, and looked at no further."""

    field_octets: int = 32_768
    """Octets of one header field that go into ENVELOPE, BODYSTRUCTURE and what SEARCH and SORT need."""

    addresses: int = 1_000
    """Addresses of one header field that ENVELOPE lists."""


DEFAULT_LIMITS = Limits()
