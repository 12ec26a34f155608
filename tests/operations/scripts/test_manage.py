"""Keeping scripts: whose they are, and that none is stored that could not be run."""

import pytest
from tests.operations.messages.conftest import World

from angarium.config.options import SieveSettings
from angarium.errors import (
    OperationNotSupported,
    PermissionDenied,
    ScriptActive,
    ScriptExists,
    ScriptLimitExceeded,
    ScriptNameInvalid,
    ScriptNotFound,
    ScriptRefused,
)
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
from angarium.store import Actor

SCRIPTS = CheckedScripts(SieveSettings())
ADMIN = Actor.program("test")


def alices(world: World) -> ScriptOwner:
    return ScriptOwner(world.account_of("user.alice"))


async def put(world: World, name: str, text: str = "keep;", *, actor: Actor | None = None) -> None:
    await put_script(world.store, SCRIPTS, actor or world.alice, alices(world), name, text.encode(), count_limit=3)


async def names(world: World) -> dict[str, bool]:
    return {row.name: row.is_active for row in await list_scripts(world.store, world.alice, alices(world))}


async def test_scripts_are_put_activated_renamed_and_deleted(world: World) -> None:
    store, owner = world.store, alices(world)
    await put(world, "one")
    await put(world, "two", "discard;")
    await activate_script(store, world.alice, owner, "two")
    assert await names(world) == {"one": False, "two": True}
    await rename_script(store, world.alice, owner, "two", "zw\u00f6lf")
    assert await names(world) == {"one": False, "zw\u00f6lf": True}
    assert (await get_script(store, world.alice, owner, "zw\u00f6lf")).content == b"discard;"
    with pytest.raises(ScriptActive):
        await delete_script(store, world.alice, owner, "zw\u00f6lf")
    await activate_script(store, world.alice, owner, None)
    await delete_script(store, world.alice, owner, "zw\u00f6lf")
    assert await names(world) == {"one": False}
    with pytest.raises(ScriptNotFound):
        await get_script(store, world.alice, owner, "zw\u00f6lf")


async def test_a_script_with_mistakes_changes_nothing(world: World) -> None:
    await put(world, "one")
    with pytest.raises(ScriptRefused, match="line 2, column 1"):
        await put(world, "one", 'require "fileinto";\nnonsense;')
    assert (await get_script(world.store, world.alice, alices(world), "one")).content == b"keep;"


async def test_what_there_may_be_is_bounded(world: World) -> None:
    for number in range(3):
        await put(world, f"{number}")
    with pytest.raises(ScriptLimitExceeded):
        await put(world, "one more")
    await put(world, "1", "stop;")
    with pytest.raises(ScriptLimitExceeded):
        await put(world, "1", "#" * 40_000)


@pytest.mark.parametrize("name", ["", "a\nb", "\x7f", "a\u2028b", "x" * 129])
async def test_names_that_no_script_can_have(memory_world: World, name: str) -> None:
    with pytest.raises(ScriptNameInvalid):
        await put(memory_world, name)
    await put(memory_world, "fine")
    with pytest.raises(ScriptNameInvalid):
        await rename_script(memory_world.store, memory_world.alice, alices(memory_world), "fine", name)


async def test_a_new_name_is_nobody_elses(world: World) -> None:
    await put(world, "one")
    await put(world, "two")
    with pytest.raises(ScriptExists):
        await rename_script(world.store, world.alice, alices(world), "one", "two")


async def test_scripts_are_their_users_and_the_administrators(world: World) -> None:
    await put(world, "one", actor=ADMIN)
    with pytest.raises(PermissionDenied):
        await put(world, "two", actor=world.bob)
    for attempt in (list_scripts, activate_script, delete_script, get_script):
        arguments = () if attempt is list_scripts else ("one",)
        with pytest.raises(PermissionDenied):
            await attempt(world.store, world.bob, alices(world), *arguments)
    assert await names(world) == {"one": False}


async def test_scripts_of_the_site_are_the_administrators(world: World) -> None:
    store = world.store
    await put_script(store, SCRIPTS, ADMIN, SITE_SCRIPTS, "all", b"discard;")
    assert [row.name for row in await list_scripts(store, ADMIN, SITE_SCRIPTS)] == ["all"]
    assert (await get_script(store, ADMIN, SITE_SCRIPTS, "all")).content == b"discard;"
    with pytest.raises(PermissionDenied):
        await get_script(store, world.alice, SITE_SCRIPTS, "all")
    with pytest.raises(OperationNotSupported):
        await activate_script(store, ADMIN, SITE_SCRIPTS, "all")
    with pytest.raises(OperationNotSupported):
        await rename_script(store, ADMIN, SITE_SCRIPTS, "all", "none")
    await delete_script(store, ADMIN, SITE_SCRIPTS, "all")
    assert await list_scripts(store, ADMIN, SITE_SCRIPTS) == []
