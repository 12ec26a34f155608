"""Other users' seen state within a transaction (DESIGN §4, §7): a set of UIDs for each reader and mailbox."""

from angarium.engine.rows import AccountId, ModSeq
from angarium.engine.sqlite.query import fetch_one
from angarium.engine.sqlite.transaction import Mailbox, Transaction
from angarium.sequenceset import UidSet


def seen_uids(transaction: Transaction, mailbox: Mailbox, account: AccountId | None) -> UidSet | None:
    """What the reader has seen; None where `account` is None: then the messages' own flags say it."""
    if account is None:
        return None
    text = transaction.connection.execute(
        "SELECT uids FROM seen WHERE mailbox = ? AND account = ?", (mailbox.number, account)
    ).get
    return UidSet.parse(text.encode()) if text else UidSet()


def seen_modseq(transaction: Transaction, mailbox: Mailbox, account: AccountId) -> int:
    """The last change of the reader's seen state; 0 where there was none."""
    row = fetch_one(
        transaction.connection,
        "SELECT highestmodseq FROM seen WHERE mailbox = ? AND account = ?",
        (mailbox.number, account),
    )
    return 0 if row is None else int(row[0])


def write_seen(transaction: Transaction, mailbox: Mailbox, account: AccountId, uids: UidSet, modseq: ModSeq) -> None:
    """Replace the reader's set; the mailbox's own modseq does not move."""
    transaction.connection.execute(
        "INSERT INTO seen (mailbox, account, uids, highestmodseq) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (mailbox, account) DO UPDATE SET uids = excluded.uids, highestmodseq = excluded.highestmodseq",
        (mailbox.number, account, uids.serialize().decode(), modseq),
    )


def add_seen(transaction: Transaction, mailbox: Mailbox, account: AccountId, uids: UidSet, modseq: ModSeq) -> None:
    """Add to the reader's set."""
    present = seen_uids(transaction, mailbox, account) or UidSet()
    write_seen(transaction, mailbox, account, present.union(uids), modseq)
