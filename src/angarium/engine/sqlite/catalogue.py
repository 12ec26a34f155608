"""The catalogue: account names (truth), and mailboxes by account and by identifier (derived from account files)."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import apsw

from angarium.engine.rows import (
    AccountId,
    AccountRow,
    CatalogueRow,
    MailboxId,
    MailboxRow,
    MailboxState,
    ModSeq,
    UidValidity,
)
from angarium.engine.sqlite.query import fetch_all, fetch_one
from angarium.engine.sqlite.refusals import as_refusal_of_index
from angarium.errors import AccountExists, AccountNotFound
from angarium.names import MailboxName

_SELECT = (
    "SELECT m.account, a.name, m.mailbox, m.name, m.partition, m.acl, m.special_use, m.deleted, m.uidvalidity"
    " FROM mailbox m JOIN account a ON a.id = m.account"
)
_IDENTIFIERS_STEP = 200
_ROWS_IN_STEP = 200
ROWS_OF_THE_LOOP = 400
"""Mailboxes that are read where somebody waits for the loop; some 5 µs each."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which mailboxes of the catalogue: what `Engine.catalogue` is asked for."""

    account: AccountId | None
    identifiers: frozenset[str] | None
    excluding: AccountId | None


def account_id(connection: apsw.Connection, name: str) -> AccountId | None:
    """The account of this name."""
    row = fetch_one(connection, "SELECT id FROM account WHERE name = ?", (name,))
    return None if row is None else AccountId(row[0])


def account_name(connection: apsw.Connection, account: AccountId) -> str | None:
    """The account's name."""
    row = fetch_one(connection, "SELECT name FROM account WHERE id = ?", (account,))
    return None if row is None else str(row[0])


def accounts(connection: apsw.Connection, prefix: str) -> list[AccountRow]:
    """Accounts whose name begins with `prefix`, by name."""
    rows = fetch_all(
        connection,
        "SELECT id, name FROM account WHERE name >= ?1 AND substr(name, 1, length(?1)) = ?1 ORDER BY name",
        (prefix,),
    )
    return [AccountRow(AccountId(account), name) for account, name in rows]


def add_account(connection: apsw.Connection, account: AccountId, name: str) -> None:
    """Name an account; AccountExists."""
    try:
        connection.execute("INSERT INTO account (id, name) VALUES (?, ?)", (account, name))
    except apsw.ConstraintError as error:
        raise AccountExists(f"there is an account {name!r} already") from error


def rename_account(connection: apsw.Connection, account: AccountId, name: str) -> None:
    """AccountExists, AccountNotFound."""
    try:
        connection.execute("UPDATE account SET name = ? WHERE id = ?", (name, account))
    except apsw.ConstraintError as error:
        raise AccountExists(f"there is an account {name!r} already") from error
    if connection.changes() == 0:
        raise AccountNotFound(f"no account {account}")


def remove_account(connection: apsw.Connection, account: AccountId) -> None:
    """Forget the name and all that was derived."""
    connection.execute("DELETE FROM account WHERE id = ?", (account,))
    connection.execute("DELETE FROM shown WHERE account = ?", (account,))
    _remove_mailboxes(connection, account)


def shown_modseq(connection: apsw.Connection, account: AccountId) -> ModSeq | None:
    """The folder_modseq of the account that the catalogue shows."""
    row = fetch_one(connection, "SELECT folder_modseq FROM shown WHERE account = ?", (account,))
    return None if row is None else ModSeq(row[0])


def show_account(
    connection: apsw.Connection, account: AccountId, mailboxes: Iterable[MailboxRow], folder_modseq: ModSeq
) -> bool:
    """Replace what the catalogue shows of an account; whether others than its user see something new."""
    before = _shown_to_others(connection, account)
    _remove_mailboxes(connection, account)
    for row in mailboxes:
        if _is_shown_elsewhere(connection, row):
            continue
        connection.execute(
            "INSERT INTO mailbox (mailbox, account, name, partition, acl, special_use, deleted, uidvalidity)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row.id,
                account,
                row.name,
                row.partition,
                row.acl,
                row.special_use,
                row.deleted_at_s is not None,
                row.uidvalidity,
            ),
        )
        connection.executemany(
            "INSERT OR IGNORE INTO granted (identifier, mailbox) VALUES (?, ?)",
            [(identifier, row.id) for identifier in row.acl.split("\t")[::2] if identifier],
        )
    connection.execute(
        "INSERT INTO shown (account, folder_modseq) VALUES (?, ?)"
        " ON CONFLICT (account) DO UPDATE SET folder_modseq = excluded.folder_modseq",
        (account, folder_modseq),
    )
    return _shown_to_others(connection, account) != before


def _shown_to_others(connection: apsw.Connection, account: AccountId) -> list[tuple[Any, ...]]:
    """What decides who else may see what of an account: its mailboxes with an entry that is not its user's own."""
    name = account_name(connection, account)
    userid = MailboxName.from_internal(name).userid if name is not None else None
    return fetch_all(
        connection,
        "SELECT mailbox, name, acl, special_use, deleted FROM mailbox WHERE account = ?1"
        " AND EXISTS (SELECT 1 FROM granted g WHERE g.mailbox = mailbox.mailbox AND g.identifier <> ?2) ORDER BY 1",
        (account, "" if userid is None else str(userid)),
    )


def home_of(connection: apsw.Connection, mailbox: MailboxId) -> AccountId | None:
    """The account that the catalogue shows a mailbox in."""
    row = fetch_one(connection, "SELECT account FROM mailbox WHERE mailbox = ?", (mailbox,))
    return None if row is None else AccountId(row[0])


def _is_shown_elsewhere(connection: apsw.Connection, row: MailboxRow) -> bool:
    """Whether the catalogue has a mailbox in the other account already, into which it is being moved; where it has
    arrived from there, it is not there any more."""
    if home_of(connection, row.id) is None:
        return False
    if row.state is MailboxState.MOVING:
        return True
    connection.execute("DELETE FROM granted WHERE mailbox = ?", (row.id,))
    connection.execute("DELETE FROM mailbox WHERE mailbox = ?", (row.id,))
    return False


def mailboxes(
    connection: apsw.Connection, wanted: Wanted, *, most_rows: int | None = None
) -> list[CatalogueRow] | None:
    """What is wanted, in no order; None where there are more than `most_rows`."""
    found: dict[str, CatalogueRow] = {}
    try:
        for statement, bindings in _selections(wanted):
            rows = connection.execute(statement, bindings)
            while some := list(islice(rows, _ROWS_IN_STEP)):
                if found:
                    time.sleep(0)  # a thread that waits for the interpreter's lock may have it now
                found |= {row[2]: _row(*row) for row in some}
                if most_rows is not None and len(found) > most_rows:
                    rows.close(True)
                    return None
    except apsw.Error as error:
        raise as_refusal_of_index(error) from error
    return list(found.values())


def _selections(wanted: Wanted) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Statements that together give what is wanted, some of it more than once."""
    condition = "(?1 IS NULL OR m.account = ?1) AND (?2 IS NULL OR m.account <> ?2)"
    if wanted.identifiers is None:
        yield f"{_SELECT} WHERE {condition}", (wanted.account, wanted.excluding)
        return
    identifiers = sorted(wanted.identifiers)
    for start in range(0, len(identifiers), _IDENTIFIERS_STEP):
        step = identifiers[start : start + _IDENTIFIERS_STEP]
        granted = f"SELECT mailbox FROM granted WHERE identifier IN ({_places(3, len(step))})"
        yield f"{_SELECT} WHERE m.mailbox IN ({granted}) AND {condition}", (wanted.account, wanted.excluding, *step)


# Any: the columns of _SELECT, as the schema has them.
def _row(
    account: Any,
    account_name: Any,
    mailbox: Any,
    name: Any,
    partition: Any,
    acl: Any,
    special_use: Any,
    deleted: Any,
    uidvalidity: Any,
) -> CatalogueRow:
    return CatalogueRow(
        AccountId(account),
        account_name,
        MailboxId(mailbox),
        name,
        partition,
        acl,
        special_use,
        bool(deleted),
        UidValidity(uidvalidity),
    )


def _places(first: int, count: int) -> str:
    return ",".join([f"?{number}" for number in range(first, first + count)])


def _remove_mailboxes(connection: apsw.Connection, account: AccountId) -> None:
    connection.execute(
        "DELETE FROM granted WHERE mailbox IN (SELECT mailbox FROM mailbox WHERE account = ?)", (account,)
    )
    connection.execute("DELETE FROM mailbox WHERE account = ?", (account,))
