"""`angarium sieve list|get|put|activate|deactivate|delete|rename`: stored scripts."""

import argparse
import asyncio
import os
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from angarium.auth import canonical_userid
from angarium.cli.location import location_of
from angarium.cli.openstore import OpenedStore, open_store, read_settings
from angarium.cli.sieve import MANAGING
from angarium.cli.sievefiles import STANDARD_INPUT, mistake_lines, read_file, report_mistakes
from angarium.engine.rows import AccountId
from angarium.engine.scripts import ScriptRow
from angarium.errors import (
    MailboxNotFound,
    OperationNotSupported,
    ScriptActive,
    ScriptError,
    ScriptExists,
    ScriptNotFound,
    ScriptRefused,
    UserNotFound,
)
from angarium.names import MailboxName, UserId
from angarium.operations.metadata import MetadataQuery, MetadataValue, get_mailbox_metadata, set_mailbox_metadata
from angarium.operations.scripts import (
    SITE_SCRIPTS,
    CheckedScripts,
    ScriptOwner,
    activate_script,
    delete_script,
    get_script,
    list_scripts,
    put_script,
    rename_script,
)
from angarium.sieve import ScriptInvalid
from angarium.store import Actor
from angarium.store.annotations import VENDOR

_ANNOTATION: Final = f"/shared{VENDOR}/sieve"
"""Of a shared mailbox: the name of the script that filters what is delivered there."""
_ACTOR: Final = Actor.program("angarium sieve")


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for, the words sorted."""

    action: str
    user: str | None
    mailbox: str | None
    names: tuple[str, ...]
    content: bytes | None = None
    """What is to be stored."""
    source: str = STANDARD_INPUT
    is_long: bool = False
    activates: bool = False


@dataclass(frozen=True, slots=True)
class _Whose:
    """Whose scripts: of an account, or of the site."""

    owner: ScriptOwner
    mailbox: MailboxName | None
    """The shared mailbox that one of them filters."""
    text: str
    """As messages call it."""


def run(arguments: argparse.Namespace) -> int:
    request = request_of(arguments)
    settings = read_settings(location_of(arguments))

    async def work() -> int:
        async with open_store(settings) as opened:
            return await _Work(opened, request).run()

    return asyncio.run(work())


def request_of(arguments: argparse.Namespace) -> Request:
    """Sorts the words, and reads the script that is to be stored. Refuses as the parser does; OSError."""
    words: list[str] = list(arguments.words)
    user = None
    if not arguments.is_global and arguments.mailbox is None:
        if not words:
            arguments.parser.error("whose scripts? Give a user, --mailbox or --global")
        user = words.pop(0)
    wanted = MANAGING[arguments.action].words.split()
    needed = [word for word in wanted if not word.startswith("[")]
    if arguments.is_global and arguments.action == "get":
        # None of the site's is active.
        needed = ["NAME"]
    if not len(needed) <= len(words) <= len(wanted):
        what = " ".join(wanted) or "nothing more"
        arguments.parser.error(f"{arguments.action} takes {what} behind whose scripts they are")
    if arguments.action != "put":
        return Request(
            arguments.action, user, arguments.mailbox, tuple(words), is_long=getattr(arguments, "long", False)
        )
    source = words[1] if len(words) > 1 else STANDARD_INPUT
    return Request(
        "put",
        user,
        arguments.mailbox,
        tuple(words[:1]),
        content=read_file(source),
        source=source,
        activates=arguments.activate,
    )


class _Work:
    """One request on an opened store."""

    def __init__(self, opened: OpenedStore, request: Request) -> None:
        self._opened = opened
        self._store = opened.store
        self._request = request

    async def run(self) -> int:
        """Carries it out. UserNotFound, MailboxNotFound, ScriptError."""
        whose = await self._whose()
        # An engine knows accounts by their ids alone.
        try:
            return await self._carry_out(whose)
        except ScriptNotFound as error:
            raise ScriptNotFound(f"{whose.text} has no script {self._named!r}") from error
        except ScriptActive as error:
            raise ScriptActive(f"{self._named!r} is the active script of {whose.text}; deactivate it first") from error
        except ScriptExists as error:
            raise ScriptExists(f"{whose.text} has a script {self._request.names[-1]!r} already") from error

    @property
    def _named(self) -> str:
        return self._request.names[0]

    async def _carry_out(self, whose: _Whose) -> int:
        names = self._request.names
        match self._request.action:
            case "list":
                await self._list(whose)
            case "get":
                await self._get(whose, names[0] if names else None)
            case "put":
                return await self._put(whose, names[0])
            case "activate":
                await self._activate(whose, names[0])
                print(f"{names[0]} is the active script of {whose.text}")
            case "deactivate":
                await self._activate(whose, None)
                print(f"no script of {whose.text} is active")
            case "delete":
                await self._delete(whose, names[0])
                print(f"deleted {names[0]} of {whose.text}")
            case _:
                await self._rename(whose, *names)
                print(f"{names[0]} of {whose.text} is {names[1]} now")
        return os.EX_OK

    # Whose scripts

    async def _whose(self) -> _Whose:
        """UserNotFound, MailboxNotFound."""
        request = self._request
        if request.mailbox is not None:
            return await self._of_mailbox(request.mailbox)
        if request.user is None:
            return _Whose(SITE_SCRIPTS, None, "the site")
        userid = canonical_userid(request.user, self._store.policy.names)
        return _Whose(ScriptOwner(await user_account(self._opened, userid)), None, str(userid))

    async def _of_mailbox(self, text: str) -> _Whose:
        name = self._store.namespace(_ACTOR).to_internal(text)
        if name.is_user:
            raise OperationNotSupported(f"{text} belongs to a user, and the scripts of its user filter it")
        try:
            tree, _ = await self._store.locate(name)
        except MailboxNotFound as error:
            raise MailboxNotFound(f"there is no mailbox {text!r}") from error
        return _Whose(ScriptOwner(tree.account), name, text)

    # Actions

    async def _list(self, whose: _Whose) -> None:
        active = await self._active_name(whose)
        for row in await list_scripts(self._store, _ACTOR, whose.owner):
            is_active = row.is_active if whose.mailbox is None else row.name == active
            fields = [row.name, *(_details(row) if self._request.is_long else []), *(["active"] if is_active else [])]
            print("\t".join(fields))

    async def _get(self, whose: _Whose, name: str | None) -> None:
        name = name if name is not None else await self._active_name(whose)
        if name is None:
            raise ScriptError(f"no script of {whose.text} is active")
        row = await get_script(self._store, _ACTOR, whose.owner, name)
        sys.stdout.flush()
        sys.stdout.buffer.write(row.content)

    async def _put(self, whose: _Whose, name: str) -> int:
        request = self._request
        assert request.content is not None, "put has read one"
        settings = self._opened.settings.sieve
        try:
            script = await put_script(
                self._store,
                CheckedScripts(settings),
                _ACTOR,
                whose.owner,
                name,
                request.content,
                count_limit=settings.sieve_maxscripts if whose.mailbox is None else None,
                activate=request.activates and whose.mailbox is None,
            )
        except ScriptRefused as refused:
            if not isinstance(refused.__cause__, ScriptInvalid):
                raise
            report_mistakes(request.source, request.content, refused.__cause__)
            return os.EX_DATAERR
        for line in mistake_lines(request.source, request.content, script.hints, label="hint: "):
            sys.stderr.write(f"{line}\n")
        if request.activates and whose.mailbox is not None:
            await self._activate(whose, name)
        activated = ", and made it the active one" if request.activates else ""
        print(f"stored {name} of {whose.text}{activated}")
        return os.EX_OK

    async def _activate(self, whose: _Whose, name: str | None) -> None:
        if whose.mailbox is None:
            await activate_script(self._store, _ACTOR, whose.owner, name)
            return
        if name is not None:
            # The site's own scripts can filter a shared mailbox, too.
            try:
                await get_script(self._store, _ACTOR, whose.owner, name)
            except ScriptNotFound:
                await get_script(self._store, _ACTOR, SITE_SCRIPTS, name)
        await self._annotate(whose.mailbox, name)

    async def _annotate(self, mailbox: MailboxName, name: str | None) -> None:
        value = MetadataValue(_ANNOTATION, None if name is None else name.encode())
        await set_mailbox_metadata(self._store, _ACTOR, mailbox, [value])

    async def _delete(self, whose: _Whose, name: str) -> None:
        filtered = await self._filtered_by(whose, name)
        if filtered:
            where = ", ".join([self._store.namespace(_ACTOR).to_external(each) for each in filtered])
            raise OperationNotSupported(f"{name!r} is the active script of {where}; deactivate it first")
        await delete_script(self._store, _ACTOR, whose.owner, name)

    async def _rename(self, whose: _Whose, name: str, new_name: str) -> None:
        filtered = await self._filtered_by(whose, name)
        await rename_script(self._store, _ACTOR, whose.owner, name, new_name)
        for mailbox in filtered:
            await self._annotate(mailbox, new_name)

    async def _active_name(self, whose: _Whose) -> str | None:
        """The active script's name; None where there is none."""
        if whose.owner.account is None:
            return None
        if whose.mailbox is None:
            row = await self._store.engine.active_script(whose.owner.account)
            return None if row is None else row.name
        return await self._annotated(whose.mailbox)

    async def _annotated(self, mailbox: MailboxName) -> str | None:
        found = await get_mailbox_metadata(self._store, _ACTOR, mailbox, MetadataQuery((_ANNOTATION,)))
        value = found.values[0].value if found.values else None
        return value.decode("utf-8", "replace") if value else None

    async def _filtered_by(self, whose: _Whose, name: str) -> list[MailboxName]:
        """The shared mailboxes of the account that this script is the active one of."""
        if whose.mailbox is None or whose.owner.account is None:
            return []
        names = [entry.name for entry in (await self._store.tree(whose.owner.account)).live()]
        return [each for each in names if await self._annotated(each) == name]


async def user_account(opened: OpenedStore, userid: UserId) -> AccountId:
    """UserNotFound."""
    account = await opened.engine.account_id(MailboxName.of_user(userid).internal)
    if account is None:
        raise UserNotFound(f"there is no user {userid}, or none that has a mailbox")
    return account


def _details(row: ScriptRow) -> list[str]:
    changed = datetime.fromtimestamp(row.changed_at_s).astimezone().isoformat(timespec="seconds")
    return [str(len(row.content)), changed]
