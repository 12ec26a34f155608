"""`angarium sieve import`: scripts that Cyrus has kept in `sievedir`, taken into the store.

What is in the store and newer than the file stays as it is, and so does another active script, unless --replace says
otherwise; so the command may be given again and again.
"""

import argparse
import asyncio
import os
import sys
from collections import Counter
from enum import Enum
from pathlib import Path

from angarium.auth import canonical_userid
from angarium.cli.location import location_of
from angarium.cli.openstore import OpenedStore, open_store, read_settings
from angarium.cli.printable import printable
from angarium.cli.sievefiles import read_file, report_mistakes
from angarium.cli.sievetree import FoundScripts, find_scripts, has_scripts_by_id
from angarium.engine.scripts import ScriptRow
from angarium.errors import PreparationFailed, ScriptError, ScriptRefused, UserNameInvalid
from angarium.names import MailboxName
from angarium.operations.scripts import (
    SITE_SCRIPTS,
    CheckedScripts,
    ScriptOwner,
    activate_script,
    list_scripts,
    name_in_domain,
    put_script,
)
from angarium.sieve import ScriptInvalid
from angarium.store import Actor

_ACTOR = Actor.program("angarium sieve")


class _Outcome(Enum):
    """What became of a script."""

    STORED = "stored"
    UNCHANGED = "unchanged"
    KEPT = "kept as they are, since the store has newer ones"
    REFUSED = "not stored"


def run(arguments: argparse.Namespace) -> int:
    settings = read_settings(location_of(arguments))
    root: Path = arguments.sieve_directory or settings.sieve.sievedir
    if not root.is_dir():
        raise FileNotFoundError(f"{root} is no directory")

    async def work() -> int:
        async with open_store(settings) as opened:
            return await _Import(opened, replace=arguments.replace).run(root)

    return asyncio.run(work())


class _Import:
    def __init__(self, opened: OpenedStore, *, replace: bool) -> None:
        self._opened = opened
        self._store = opened.store
        self._scripts = CheckedScripts(opened.settings.sieve)
        self._replace = replace
        self._outcomes: Counter[_Outcome] = Counter()

    async def run(self, root: Path) -> int:
        """All that is there; an exit status that says whether all of it is in the store."""
        for found in find_scripts(root):
            owner = await self._owner(found)
            if owner is None:
                self._outcomes[_Outcome.REFUSED] += len(found.scripts)
            else:
                await self._take(found, owner)
        if has_scripts_by_id(root):
            _complain(
                f"{root}/uuid: Cyrus 3.6 and later keeps scripts in mailboxes; take them from its ManageSieve service"
            )
        print("; ".join([f"{self._outcomes[each]} {each.value}" for each in _Outcome]))
        return os.EX_DATAERR if self._outcomes[_Outcome.REFUSED] or has_scripts_by_id(root) else os.EX_OK

    async def _owner(self, found: FoundScripts) -> ScriptOwner | None:
        """Whose scripts they become; None where there is nobody, which was said."""
        if not found.user:
            names = self._store.policy.names
            if found.domain and (not names.has_domains or found.domain == names.defaultdomain):
                _complain(f"{found.domain}: no user is of this domain by virtdomains, and could include its scripts")
                return None
            return SITE_SCRIPTS
        try:
            userid = canonical_userid(found.user, self._store.policy.names)
        except (UserNameInvalid, PreparationFailed) as error:
            _complain(f"{found.user}: {error}")
            return None
        account = await self._opened.engine.account_id(MailboxName.of_user(userid).internal)
        if account is None:
            _complain(f"{found.user}: there is no such user, or she has no mailbox")
            return None
        return ScriptOwner(account)

    async def _take(self, found: FoundScripts, owner: ScriptOwner) -> None:
        present = {row.name: row for row in await list_scripts(self._store, _ACTOR, owner)}
        there: set[str] = set()
        whose = found.user or "global"
        for script in found.scripts:
            is_of_domain = not found.user and found.domain
            name = name_in_domain(script.name, found.domain) if is_of_domain else script.name
            outcome = await self._put(script.path, name, owner, present.get(name))
            self._outcomes[outcome] += 1
            if outcome is not _Outcome.REFUSED:
                there.add(name)
            print(printable(f"{whose}: {name}: {outcome.name.lower()}"))
        if found.active is not None:
            active = next((row.name for row in present.values() if row.is_active), None)
            await self._activate(found, owner, active, is_there=found.active in there)

    async def _put(self, path: Path, name: str, owner: ScriptOwner, present: ScriptRow | None) -> _Outcome:
        try:
            content, changed_at_s = read_file(str(path)), path.stat().st_mtime
        except OSError as error:
            _complain(f"{path}: {error.strerror}")
            return _Outcome.REFUSED
        if present is not None and present.content == content:
            return _Outcome.UNCHANGED
        if present is not None and not self._replace and present.changed_at_s > changed_at_s:
            return _Outcome.KEPT
        try:
            await put_script(self._store, self._scripts, _ACTOR, owner, name, content)
        except ScriptRefused as refused:
            if not isinstance(refused.__cause__, ScriptInvalid):
                raise
            report_mistakes(str(path), content, refused.__cause__)
            return _Outcome.REFUSED
        except ScriptError as error:
            _complain(f"{path}: {error}")
            return _Outcome.REFUSED
        return _Outcome.STORED

    async def _activate(self, found: FoundScripts, owner: ScriptOwner, active: str | None, *, is_there: bool) -> None:
        wanted = found.active
        if active == wanted:
            return
        if not is_there:
            # Its mistakes were told, and counted.
            _complain(f"{found.user}: {wanted} was the active script, and is not stored; none was made active")
        elif active is not None and not self._replace:
            print(printable(f"{found.user}: {active} stays the active script, and {wanted} is not"))
        else:
            await activate_script(self._store, _ACTOR, owner, wanted)
            print(printable(f"{found.user}: {wanted} is the active script now"))


def _complain(text: str) -> None:
    sys.stderr.write(printable(f"angarium: {text}") + "\n")
