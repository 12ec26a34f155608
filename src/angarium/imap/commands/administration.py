"""Rights (RFC 4314) and quotas (RFC 9208)."""

from dataclasses import dataclass
from enum import Enum

# ACL (RFC 4314 §3)


@dataclass(frozen=True, slots=True)
class GetAcl:
    """RFC 4314 §3.3."""

    mailbox: bytes


class RightsMode(Enum):
    """What SETACL does with its rights; the value is the sign on the wire."""

    REPLACE = b""
    ADD = b"+"
    REMOVE = b"-"


@dataclass(frozen=True, slots=True)
class SetAcl:
    """RFC 4314 §3.1; `rights` without the sign, and not checked. A leading `-` of an identifier is part of it."""

    mailbox: bytes
    identifier: bytes
    mode: RightsMode
    rights: bytes


@dataclass(frozen=True, slots=True)
class DeleteAcl:
    """RFC 4314 §3.2."""

    mailbox: bytes
    identifier: bytes


@dataclass(frozen=True, slots=True)
class ListRights:
    """RFC 4314 §3.4."""

    mailbox: bytes
    identifier: bytes


@dataclass(frozen=True, slots=True)
class MyRights:
    """RFC 4314 §3.5."""

    mailbox: bytes


# QUOTA (RFC 9208 §4.1)


@dataclass(frozen=True, slots=True)
class GetQuota:
    """RFC 9208 §4.1.1."""

    root: bytes


@dataclass(frozen=True, slots=True)
class GetQuotaRoot:
    """RFC 9208 §4.1.2."""

    mailbox: bytes


@dataclass(frozen=True, slots=True)
class SetQuota:
    """RFC 9208 §4.1.3; (resource in upper case, limit) pairs, unknown resources included; () takes all limits away."""

    root: bytes
    limits: tuple[tuple[str, int], ...]
