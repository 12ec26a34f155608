"""Mail that could not be sent on comes to the INBOX of whose script wanted it."""

from tests.operations.delivery.office import MAIL, Office
from tests.operations.messages.conftest import World

from angarium.operations.delivery import keep_returned


async def returned(world: World, office: Office) -> None:
    account = world.account_of("user.alice")
    (row,) = await office.queue()
    file = await world.engine.open_dispatch(account, row.number)
    try:
        await keep_returned(office.context, account, row, file)
    finally:
        file.close()


async def test_it_is_kept_once_and_whatever_the_quota_is(world: World) -> None:
    office = Office.open(world)
    await office.script("alice", 'redirect "carol@example.com";')
    await office.send("alice@example.org", return_path="")
    await world.set_quota("user.alice", 0)
    await returned(world, office)
    await returned(world, office)
    assert await world.flags("user.alice") == {1: {"$SieveFailed"}}
    assert (await world.octets("user.alice", 1)).endswith(MAIL)


async def test_what_is_there_already_is_not_put_there_again(world: World) -> None:
    office = Office.open(world)
    await office.script("alice", 'require "copy"; redirect :copy "carol@example.com";')
    await office.send("alice@example.org", return_path="")
    await returned(world, office)
    assert await world.flags("user.alice") == {1: set()}
