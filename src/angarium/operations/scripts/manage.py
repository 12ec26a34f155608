"""What users and administrators do with scripts (RFC 5804 §2.5 to §2.11): none is stored that could not be run.

The scripts of a shared hierarchy are those of its account; those of the site can be included by all (RFC 6609 §3.2),
and only administrators change them.
"""

import unicodedata
from dataclasses import dataclass
from typing import Final

from angarium.engine.rows import AccountId
from angarium.engine.scripts import ActivateScript, DeleteScript, PutScript, RenameScript, ScriptRow
from angarium.errors import (
    OperationNotSupported,
    PermissionDenied,
    ScriptLimitExceeded,
    ScriptNameInvalid,
    ScriptNotFound,
    ScriptRefused,
)
from angarium.operations.scripts.checked import CheckedScripts
from angarium.sieve import Script, ScriptInvalid
from angarium.store import Actor, Store

_NAME_CHARACTERS: Final = 128
"""RFC 5804 §1.6 asks for as many."""
_SITE_SCRIPTS_LIMIT: Final = 1000


@dataclass(frozen=True, slots=True)
class ScriptOwner:
    """Whose scripts: an account's, or without one the site's."""

    account: AccountId | None


SITE_SCRIPTS: Final = ScriptOwner(None)


def require_script_owner(actor: Actor, owner: ScriptOwner) -> None:
    """PermissionDenied for the scripts of others; administrators manage all."""
    if not actor.is_admin and (owner.account is None or owner.account != actor.account):
        raise PermissionDenied("may not manage these scripts")


async def list_scripts(store: Store, actor: Actor, owner: ScriptOwner) -> list[ScriptRow]:
    """By name. PermissionDenied."""
    require_script_owner(actor, owner)
    if owner.account is None:
        return await store.engine.site_scripts()
    return await store.engine.scripts(owner.account)


async def get_script(store: Store, actor: Actor, owner: ScriptOwner, name: str) -> ScriptRow:
    """ScriptNotFound, PermissionDenied."""
    require_script_owner(actor, owner)
    engine = store.engine
    row = await (engine.site_script(name) if owner.account is None else engine.script(owner.account, name))
    if row is None:
        raise ScriptNotFound(f"there is no script {name!r}")
    return row


async def put_script(
    store: Store,
    scripts: CheckedScripts,
    actor: Actor,
    owner: ScriptOwner,
    name: str,
    content: bytes,
    *,
    count_limit: int | None = None,
    activate: bool = False,
) -> Script:
    """Make or replace a script, durably; gives it as it was checked.

    ScriptRefused for one with mistakes: nothing is changed, whatever was there stays as it was. ScriptNameInvalid,
    ScriptLimitExceeded, PermissionDenied.
    """
    require_script_owner(actor, owner)
    check_name(name)
    if len(content) > scripts.limits.script_octets:
        raise ScriptLimitExceeded(f"a script has {scripts.limits.script_octets} octets at most")
    try:
        script = await scripts.check(content, name=name)
    except ScriptInvalid as invalid:
        raise ScriptRefused("\n".join(map(str, invalid.mistakes))) from invalid
    if owner.account is not None:
        command = PutScript(name, content, actor.author(), count_limit=count_limit, activate=activate)
        await store.engine.write(owner.account, command)
        return script
    if activate:
        raise OperationNotSupported("scripts of the site are included, and none of them is active")
    present = {row.name for row in await store.engine.site_scripts()}
    if name not in present and len(present) >= _SITE_SCRIPTS_LIMIT:
        raise ScriptLimitExceeded(f"the site has {_SITE_SCRIPTS_LIMIT} scripts already")
    await store.engine.put_site_script(name, content)
    return script


async def activate_script(store: Store, actor: Actor, owner: ScriptOwner, name: str | None) -> None:
    """Make a script the active one, or none. ScriptNotFound, PermissionDenied."""
    require_script_owner(actor, owner)
    await store.engine.write(_account(owner), ActivateScript(name, actor.author()))


async def delete_script(store: Store, actor: Actor, owner: ScriptOwner, name: str) -> None:
    """ScriptNotFound, ScriptActive, PermissionDenied."""
    require_script_owner(actor, owner)
    if owner.account is not None:
        await store.engine.write(owner.account, DeleteScript(name, actor.author()))
    else:
        await store.engine.remove_site_script(name)


async def rename_script(store: Store, actor: Actor, owner: ScriptOwner, name: str, new_name: str) -> None:
    """ScriptNotFound, ScriptExists, ScriptNameInvalid, PermissionDenied."""
    require_script_owner(actor, owner)
    check_name(new_name)
    await store.engine.write(_account(owner), RenameScript(name, new_name, actor.author()))


def check_name(name: str) -> None:
    """RFC 5804 §1.6: no controls and no line or paragraph separators. ScriptNameInvalid."""
    if not name:
        raise ScriptNameInvalid("a script has a name")
    if len(name) > _NAME_CHARACTERS:
        raise ScriptNameInvalid(f"a script's name has {_NAME_CHARACTERS} characters at most")
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs") for character in name):
        raise ScriptNameInvalid("a script's name has no control characters")


def _account(owner: ScriptOwner) -> AccountId:
    if owner.account is None:
        raise OperationNotSupported("scripts of the site are included, and none of them is active")
    return owner.account
