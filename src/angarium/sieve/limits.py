"""What a script may be, and what one run of it may do; each limit has its refusal."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of scripts and of runs."""

    script_octets: int = 32 * 1024
    string_octets: int = 1024 * 1024
    nesting: int = 32
    """Blocks within blocks, and tests within tests."""
    steps: int = 1_000_000
    """What a run may cost: one for each command and comparison, and more for longer texts; about a microsecond each."""
    actions: int = 64
    redirects: int = 4
    notifies: int = 8
    includes: int = 255
    """Scripts that one run may include."""
    include_depth: int = 10
    variables: int = 128
    """Names; RFC 5229 §6 asks for as many."""
    variable_octets: int = 4096
    """Of one value; what is longer is cut (RFC 5229 §6)."""
    body_octets: int = 1024 * 1024
    """Of the decoded text of each part that tests of the body look at."""
    any_address_field: bool = False
    """The test `address` takes any header field, and not only those that hold addresses (RFC 5228 §5.1)."""


DEFAULT_LIMITS = Limits()
