"""Scripts, as the memory engine executes commands on them on its copy of an account."""

import json
from collections.abc import Mapping
from dataclasses import replace

from angarium.engine.commands import ActivateScript, Author, DeleteScript, Done, PutScript, RenameScript
from angarium.engine.memory.account import Account
from angarium.engine.memory.messages import Surroundings
from angarium.engine.scripts import ScriptRow
from angarium.errors import ScriptActive, ScriptExists, ScriptLimitExceeded, ScriptNotFound


def put_script(account: Account, surroundings: Surroundings, command: PutScript) -> Done:
    """PUTSCRIPT; a script that is what it is to become already is left alone."""
    present = account.scripts.get(command.name)
    if present is None and command.count_limit is not None and len(account.scripts) >= command.count_limit:
        raise ScriptLimitExceeded(f"{len(account.scripts)} scripts are there already")
    is_active = command.activate or (present is not None and present.is_active)
    if present is not None and (present.content, present.is_active) == (command.content, is_active):
        return Done(account.modseq)
    modseq, now_s = account.next_modseq(), surroundings.now_s()
    is_kept = present is not None and present.content == command.content
    changed_at_s = present.changed_at_s if present is not None and is_kept else now_s
    before: dict[str, object] = {"name": command.name, "is_new": present is None}
    if command.activate:
        before["active"] = _deactivate(account, but=command.name)
    account.scripts[command.name] = ScriptRow(command.name, command.content, is_active, modseq, changed_at_s)
    _log(account, surroundings, command.author, "putscript", before)
    return Done(modseq)


def activate_script(account: Account, surroundings: Surroundings, command: ActivateScript) -> Done:
    """SETACTIVE."""
    wanted = None if command.name is None else _require(account, command.name)
    if _active_name(account) == command.name:
        return Done(account.modseq)
    modseq = account.next_modseq()
    before = {"name": command.name, "active": _deactivate(account, but=command.name)}
    if wanted is not None:
        account.scripts[wanted.name] = replace(wanted, is_active=True, modseq=modseq)
    _log(account, surroundings, command.author, "activatescript", before)
    return Done(modseq)


def delete_script(account: Account, surroundings: Surroundings, command: DeleteScript) -> Done:
    """DELETESCRIPT."""
    if _require(account, command.name).is_active:
        raise ScriptActive(f"script {command.name!r} is the active one")
    modseq = account.next_modseq()
    del account.scripts[command.name]
    _log(account, surroundings, command.author, "deletescript", {"name": command.name})
    return Done(modseq)


def rename_script(account: Account, surroundings: Surroundings, command: RenameScript) -> Done:
    """RENAMESCRIPT."""
    present = _require(account, command.name)
    if command.new_name in account.scripts:
        raise ScriptExists(f"script {command.new_name!r} is there already")
    modseq = account.next_modseq()
    del account.scripts[command.name]
    account.scripts[command.new_name] = replace(present, name=command.new_name, modseq=modseq)
    names = {"name": command.name, "new_name": command.new_name}
    _log(account, surroundings, command.author, "renamescript", names)
    return Done(modseq)


def _require(account: Account, name: str) -> ScriptRow:
    if name not in account.scripts:
        raise ScriptNotFound(f"account {account.id} has no script {name!r}")
    return account.scripts[name]


def _active_name(account: Account) -> str | None:
    return next((script.name for script in account.scripts.values() if script.is_active), None)


def _deactivate(account: Account, *, but: str | None) -> str | None:
    """Gives the one that was active; the account's present modseq is the change's."""
    name = _active_name(account)
    if name is not None and name != but:
        account.scripts[name] = replace(account.scripts[name], is_active=False, modseq=account.modseq)
    return name


def _log(
    account: Account, surroundings: Surroundings, author: Author, operation: str, before: Mapping[str, object]
) -> None:
    text = json.dumps(before, ensure_ascii=False)
    account.log(author, operation, now_s=surroundings.now_s(), before=text)
