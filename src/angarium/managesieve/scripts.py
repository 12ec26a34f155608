"""The commands about scripts (RFC 5804 §2.5 to §2.12)."""

from collections.abc import Sequence

from angarium.errors import AccountNotFound, ScriptLimitExceeded, ScriptRefused
from angarium.managesieve import commands as c
from angarium.managesieve import responses
from angarium.managesieve.refusals import mistakes_of
from angarium.managesieve.responses import (
    Condition,
    Response,
    ResponseCode,
    serialize_line,
    serialize_literal,
    too_large,
    too_many,
)
from angarium.managesieve.session import CommandFailed, ManageSieveSession
from angarium.operations.scripts import (
    ScriptOwner,
    activate_script,
    check_name,
    delete_script,
    get_script,
    list_scripts,
    put_script,
    rename_script,
)
from angarium.sieve import Mistake, ScriptInvalid


async def have_space(session: ManageSieveSession, command: c.HaveSpace) -> None:
    """HAVESPACE; ScriptNameInvalid."""
    _require_place(session)
    check_name(command.name)
    octets_max = session.host.scripts.limits.script_octets
    if command.size_octets > octets_max:
        raise CommandFailed(too_large(octets_max))
    scripts_max = session.host.settings.sieve.sieve_maxscripts
    names = {row.name for row in await list_scripts(session.host.store, session.user, _owner(session))}
    if command.name not in names and len(names) >= scripts_max:
        raise CommandFailed(too_many(scripts_max))
    session.answer(responses.OK)


async def put(session: ManageSieveSession, command: c.PutScript) -> None:
    """PUTSCRIPT; a script that could not be run is not stored, and whatever was there stays. ScriptNameInvalid,
    ScriptRefused."""
    _require_place(session)
    octets_max = session.host.scripts.limits.script_octets
    if len(command.content) > octets_max:
        raise CommandFailed(too_large(octets_max))
    if not command.content:
        raise CommandFailed(responses.SCRIPT_EMPTY)  # RFC 5804 §2.6: SHOULD
    scripts_max = session.host.settings.sieve.sieve_maxscripts
    try:
        script = await put_script(
            session.host.store,
            session.host.scripts,
            session.user,
            _owner(session),
            command.name,
            command.content,
            count_limit=scripts_max,
        )
    except ScriptLimitExceeded as error:
        raise CommandFailed(too_many(scripts_max)) from error
    _answer_with_hints(session, script.hints)


async def check(session: ManageSieveSession, command: c.CheckScript) -> None:
    """CHECKSCRIPT; asks nothing of quotas."""
    if len(command.content) > session.host.scripts.limits.script_octets:
        raise CommandFailed(responses.SCRIPT_TOO_LARGE_TO_CHECK)
    try:
        script = await session.host.scripts.check(command.content)
    except ScriptInvalid as invalid:
        raise CommandFailed(mistakes_of(invalid)) from invalid
    _answer_with_hints(session, script.hints)


async def list_names(session: ManageSieveSession, _: c.ListScripts) -> None:
    """LISTSCRIPTS."""
    rows = await list_scripts(session.host.store, session.user, _owner(session))
    session.send(
        b"".join([serialize_line(row.name.encode(), atom=b"ACTIVE" if row.is_active else b"") for row in rows])
    )
    session.answer(responses.OK)


async def set_active(session: ManageSieveSession, command: c.SetActive) -> None:
    """SETACTIVE; what the server's options do not allow any more is not made the active one. ScriptNotFound,
    ScriptRefused."""
    _require_place(session)
    store, owner = session.host.store, _owner(session)
    if command.name:
        row = await get_script(store, session.user, owner, command.name)
        assert owner.account is not None
        script = await session.host.scripts.get(owner.account, row)
        if isinstance(script, ScriptInvalid):
            raise ScriptRefused("it could not be run") from script
    await activate_script(store, session.user, owner, command.name or None)
    session.answer(responses.OK)


async def get(session: ManageSieveSession, command: c.GetScript) -> None:
    """GETSCRIPT; ScriptNotFound."""
    row = await get_script(session.host.store, session.user, _owner(session), command.name)
    session.send(serialize_literal(row.content) + b"\r\n")
    session.answer(responses.OK)


async def delete(session: ManageSieveSession, command: c.DeleteScript) -> None:
    """DELETESCRIPT; ScriptNotFound, ScriptActive."""
    _require_place(session)
    await delete_script(session.host.store, session.user, _owner(session), command.name)
    session.answer(responses.OK)


async def rename(session: ManageSieveSession, command: c.RenameScript) -> None:
    """RENAMESCRIPT; ScriptNotFound, ScriptExists, ScriptNameInvalid."""
    _require_place(session)
    await rename_script(session.host.store, session.user, _owner(session), command.name, command.new_name)
    session.answer(responses.OK)


def _owner(session: ManageSieveSession) -> ScriptOwner:
    """AccountNotFound, for a user without mailboxes and for administrators who act for nobody."""
    if session.user.account is None:
        raise AccountNotFound(f"{session.user.userid} has no mailbox")
    return ScriptOwner(session.user.account)


def _require_place(session: ManageSieveSession) -> None:
    """Scripts are not managed here where they are files of the users'."""
    if session.host.settings.sieve.sieveusehomedir:
        raise CommandFailed(responses.IN_HOME_DIRECTORIES)


def _answer_with_hints(session: ManageSieveSession, hints: Sequence[Mistake]) -> None:
    if not hints:
        session.answer(responses.OK)
        return
    text = "".join([f"{hint}\r\n" for hint in hints])
    session.answer(Response(Condition.OK, text, code=ResponseCode.WARNINGS, is_literal=True))
