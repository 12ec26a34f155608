"""The catalogue: account names (truth), and mailboxes by account and by identifier (derived from account files)."""

from collections.abc import Iterable
from typing import Any

import apsw

from angarium.engine.rows import AccountId, AccountRow, CatalogueRow, MailboxId, MailboxRow, ModSeq, UidValidity
from angarium.engine.sqlite.query import fetch_all, fetch_one
from angarium.errors import AccountExists, AccountNotFound

_COLUMNS = "account, mailbox, name, partition, acl, special_use, deleted, uidvalidity"
_IDENTIFIERS_STEP = 200


def account_id(connection: apsw.Connection, name: str) -> AccountId | None:
    """The account of this name."""
    row = fetch_one(connection, "SELECT id FROM account WHERE name = ?", (name,))
    return None if row is None else AccountId(row[0])


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
        connection.execute("INSERT INTO account VALUES (?, ?)", (account, name))
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
) -> None:
    """Replace what the catalogue shows of an account."""
    _remove_mailboxes(connection, account)
    for row in mailboxes:
        connection.execute(
            "INSERT INTO mailbox VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
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
            "INSERT OR IGNORE INTO granted VALUES (?, ?)",
            [(identifier, row.id) for identifier in row.acl.split("\t")[::2] if identifier],
        )
    connection.execute(
        "INSERT INTO shown VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET folder_modseq = excluded.folder_modseq",
        (account, folder_modseq),
    )


def mailboxes(
    connection: apsw.Connection, account: AccountId | None, identifiers: frozenset[str] | None
) -> list[CatalogueRow]:
    """By account, by identifiers of their ACLs, or all."""
    if identifiers is None:
        condition, bindings = ("WHERE account = ?", (account,)) if account is not None else ("", ())
        rows = fetch_all(connection, f"SELECT {_COLUMNS} FROM mailbox {condition} ORDER BY account, name", bindings)
    else:
        found: dict[str, tuple[Any, ...]] = {}
        wanted = sorted(identifiers)
        for start in range(0, len(wanted), _IDENTIFIERS_STEP):
            step = wanted[start : start + _IDENTIFIERS_STEP]
            places = ",".join("?" * len(step))
            for row in fetch_all(
                connection,
                f"SELECT {_COLUMNS} FROM mailbox WHERE mailbox IN"
                f" (SELECT mailbox FROM granted WHERE identifier IN ({places}))",
                step,
            ):
                if account is None or row[0] == account:
                    found[row[1]] = row
        rows = sorted(found.values(), key=lambda row: (str(row[0]), str(row[2])))
    return [
        CatalogueRow(
            AccountId(owner),
            MailboxId(mailbox),
            name,
            partition,
            acl,
            special_use,
            bool(deleted),
            UidValidity(uidvalidity),
        )
        for owner, mailbox, name, partition, acl, special_use, deleted, uidvalidity in rows
    ]


def _remove_mailboxes(connection: apsw.Connection, account: AccountId) -> None:
    connection.execute(
        "DELETE FROM granted WHERE mailbox IN (SELECT mailbox FROM mailbox WHERE account = ?)", (account,)
    )
    connection.execute("DELETE FROM mailbox WHERE account = ?", (account,))
