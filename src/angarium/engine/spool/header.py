"""`mailbox.header`: what a mailbox's directory says of itself, so that a lost account can be built anew (DESIGN §4).

One JSON object, version 1, with the fields of `MailboxHeader` and a CRC-32 of the rest. The ceilings are raised durably
before a number at or above them is given, so whoever rebuilds goes on at the ceiling and never gives a number twice.
"""

import json
import zlib
from dataclasses import dataclass

from angarium.engine.rows import AccountId, MailboxId, ModSeq, Uid, UidValidity
from angarium.errors import SchemaTooNew, StoreDamaged

HEADER_NAME = "mailbox.header"
CEILING_STEP = 1000
_VERSION = 1


@dataclass(frozen=True, slots=True)
class MailboxHeader:
    """The truth of a mailbox as far as its directory knows it; names and ACL as of their last change."""

    account: AccountId
    account_name: str
    mailbox: MailboxId
    name: str
    deleted_at_s: int | None
    uidvalidity: UidValidity
    acl: str
    special_use: str
    keywords: tuple[str, ...]
    uid_ceiling: Uid
    """No UID at or above it has been given."""
    modseq_ceiling: ModSeq
    """No modseq of the account at or above it has been given, as far as this mailbox was told."""

    def serialize(self) -> bytes:
        """The file's bytes."""
        fields = {
            "version": _VERSION,
            "account": self.account,
            "account_name": self.account_name,
            "mailbox": self.mailbox,
            "name": self.name,
            "deleted_at": self.deleted_at_s,
            "uidvalidity": self.uidvalidity,
            "acl": self.acl,
            "special_use": self.special_use,
            "keywords": list(self.keywords),
            "uid_ceiling": self.uid_ceiling,
            "modseq_ceiling": self.modseq_ceiling,
        }
        text = json.dumps(fields, ensure_ascii=False, sort_keys=True)
        return json.dumps({"crc32": zlib.crc32(text.encode()), "header": fields}, ensure_ascii=False).encode() + b"\n"

    @classmethod
    def parse(cls, data: bytes) -> "MailboxHeader":
        """What `serialize` wrote; StoreDamaged, SchemaTooNew."""
        try:
            outer = json.loads(data)
            fields = outer["header"]
            if fields["version"] > _VERSION:
                raise SchemaTooNew(f"mailbox.header of version {fields['version']}, and {_VERSION} is known")
            if outer["crc32"] != zlib.crc32(json.dumps(fields, ensure_ascii=False, sort_keys=True).encode()):
                raise StoreDamaged("mailbox.header does not agree with its checksum")
            return cls(
                AccountId(fields["account"]),
                fields["account_name"],
                MailboxId(fields["mailbox"]),
                fields["name"],
                fields["deleted_at"],
                UidValidity(fields["uidvalidity"]),
                fields["acl"],
                fields["special_use"],
                tuple(fields["keywords"]),
                Uid(fields["uid_ceiling"]),
                ModSeq(fields["modseq_ceiling"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise StoreDamaged(f"mailbox.header cannot be read: {error!r}") from error
