"""Scripts within a transaction, and as they are read; those of the site in `mailboxes.db` too."""

import json
from collections.abc import Mapping

import apsw

from angarium.engine.commands import ActivateScript, Author, DeleteScript, Done, PutScript, RenameScript
from angarium.engine.rows import ModSeq
from angarium.engine.scripts import ScriptRow
from angarium.engine.sqlite.query import fetch_all, fetch_one
from angarium.engine.sqlite.transaction import Transaction
from angarium.errors import ScriptActive, ScriptExists, ScriptLimitExceeded, ScriptNotFound

_SELECT = "SELECT name, content, is_active, modseq, changed_at FROM script"
_SELECT_OF_SITE = "SELECT name, content, 0, number, changed_at FROM script"


def put_script(transaction: Transaction, command: PutScript) -> Done:
    """A script that is what it is to become already is left alone."""
    connection = transaction.connection
    present = read_script(connection, command.name)
    if present is None and command.count_limit is not None:
        row = fetch_one(connection, "SELECT count(*) FROM script")
        if row is not None and row[0] >= command.count_limit:
            raise ScriptLimitExceeded(f"{row[0]} scripts are there already")
    is_kept = present is not None and present.content == command.content
    if is_kept and present is not None and (present.is_active or not command.activate):
        return Done(ModSeq(transaction.modseq))
    modseq = transaction.next_modseq()
    connection.execute(
        "INSERT INTO script (name, is_active, modseq, changed_at, content) VALUES (?, 0, ?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET modseq = excluded.modseq, content = excluded.content,"
        " changed_at = CASE WHEN content = excluded.content THEN changed_at ELSE excluded.changed_at END",
        (command.name, modseq, transaction.now_s, command.content),
    )
    before: dict[str, object] = {"name": command.name, "is_new": present is None}
    if command.activate:
        before["active"] = _activate(transaction, command.name, modseq)
    _log(transaction, command.author, "putscript", modseq, before)
    return Done(modseq)


def activate_script(transaction: Transaction, command: ActivateScript) -> Done:
    """SETACTIVE."""
    if command.name is not None:
        _require(transaction, command.name)
    if _active_name(transaction) == command.name:
        return Done(ModSeq(transaction.modseq))
    modseq = transaction.next_modseq()
    before = {"name": command.name, "active": _activate(transaction, command.name, modseq)}
    _log(transaction, command.author, "activatescript", modseq, before)
    return Done(modseq)


def delete_script(transaction: Transaction, command: DeleteScript) -> Done:
    """DELETESCRIPT."""
    if _require(transaction, command.name).is_active:
        raise ScriptActive(f"script {command.name!r} of account {transaction.account} is the active one")
    modseq = transaction.next_modseq()
    transaction.connection.execute("DELETE FROM script WHERE name = ?", (command.name,))
    _log(transaction, command.author, "deletescript", modseq, {"name": command.name})
    return Done(modseq)


def rename_script(transaction: Transaction, command: RenameScript) -> Done:
    """RENAMESCRIPT."""
    _require(transaction, command.name)
    if read_script(transaction.connection, command.new_name) is not None:
        raise ScriptExists(f"script {command.new_name!r} of account {transaction.account} is there already")
    modseq = transaction.next_modseq()
    transaction.connection.execute(
        "UPDATE script SET name = ?, modseq = ? WHERE name = ?", (command.new_name, modseq, command.name)
    )
    _log(transaction, command.author, "renamescript", modseq, {"name": command.name, "new_name": command.new_name})
    return Done(modseq)


def read_scripts(connection: apsw.Connection) -> list[ScriptRow]:
    """All scripts, by name."""
    return [_row(*columns) for columns in fetch_all(connection, f"{_SELECT} ORDER BY name")]


def read_script(connection: apsw.Connection, name: str) -> ScriptRow | None:
    """The script of this name."""
    columns = fetch_one(connection, f"{_SELECT} WHERE name = ?", (name,))
    return None if columns is None else _row(*columns)


def read_active_script(connection: apsw.Connection, known: ScriptRow | None) -> ScriptRow | None:
    """The active script; where it is still what is `known`, its text is not read again."""
    found = fetch_one(connection, "SELECT name, modseq FROM script WHERE is_active")
    if found is None:
        return None
    if known is not None and found == (known.name, known.modseq):
        return known
    return read_script(connection, found[0])


def site_scripts(connection: apsw.Connection) -> list[ScriptRow]:
    """The site's own, by name."""
    return [_row(*columns) for columns in fetch_all(connection, f"{_SELECT_OF_SITE} ORDER BY name")]


def site_script(connection: apsw.Connection, name: str) -> ScriptRow | None:
    """The site's script of this name."""
    columns = fetch_one(connection, f"{_SELECT_OF_SITE} WHERE name = ?", (name,))
    return None if columns is None else _row(*columns)


def put_site_script(connection: apsw.Connection, name: str, content: bytes, now_s: int) -> None:
    """Make or replace one; under a new number each time, so that what was made of an older one is known to be old."""
    connection.execute("DELETE FROM script WHERE name = ?", (name,))
    connection.execute("INSERT INTO script (name, changed_at, content) VALUES (?, ?, ?)", (name, now_s, content))


def remove_site_script(connection: apsw.Connection, name: str) -> None:
    """ScriptNotFound."""
    connection.execute("DELETE FROM script WHERE name = ?", (name,))
    if connection.changes() == 0:
        raise ScriptNotFound(f"the site has no script {name!r}")


def _row(name: str, content: bytes, is_active: int, modseq: int, changed_at_s: int) -> ScriptRow:
    return ScriptRow(name, content, bool(is_active), ModSeq(modseq), changed_at_s)


def _require(transaction: Transaction, name: str) -> ScriptRow:
    found = read_script(transaction.connection, name)
    if found is None:
        raise ScriptNotFound(f"account {transaction.account} has no script {name!r}")
    return found


def _active_name(transaction: Transaction) -> str | None:
    found = fetch_one(transaction.connection, "SELECT name FROM script WHERE is_active")
    return None if found is None else found[0]


def _activate(transaction: Transaction, name: str | None, modseq: ModSeq) -> str | None:
    """Gives the one that was active."""
    before = _active_name(transaction)
    if before != name:
        change = "UPDATE script SET is_active = ?, modseq = ? WHERE name = ?"
        transaction.connection.execute(change, (0, modseq, before))
        transaction.connection.execute(change, (1, modseq, name))
    return before


def _log(
    transaction: Transaction, author: Author, operation: str, modseq: ModSeq, before: Mapping[str, object]
) -> None:
    """Not what a script says: it may be large, and is private."""
    transaction.settings_modseq = modseq
    transaction.log_change(author, operation, modseq, before=json.dumps(before, ensure_ascii=False))
