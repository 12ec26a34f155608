"""A stored message as a file for a mailbox of another account (DESIGN §8), over every engine."""

from dataclasses import replace

import pytest
from tests.engine.contract.conftest import AUTHOR, Draft, Site
from tests.engine.rows import message_rows

from angarium.engine.commands import (
    Added,
    AddMessages,
    CreateMailboxes,
    Expunge,
    Expunged,
    MessageOrigin,
    NewMessage,
    Purged,
    PurgeMessages,
    StagedFile,
)
from angarium.engine.rows import AccountId, MailboxId, Uid
from angarium.errors import MailboxNotFound, MessageFileMissing, MessageNotFound

UNKNOWN = MailboxId("z" * 24)


async def other_account(site: Site, partition: str = "default") -> tuple[AccountId, MailboxId]:
    """Another user with an INBOX."""
    account = await site.engine.create_account("user.jones")
    new = site.new_mailbox("", partition=partition)
    await site.engine.write(account, CreateMailboxes((new,), AUTHOR))
    return account, new.id


def of(file: StagedFile, origin: MessageOrigin | None = None) -> NewMessage:
    """A message of a stored file."""
    return replace(Draft(b"hello").message(file), origin=origin)


async def text_of(site: Site, account: AccountId, mailbox: MailboxId, uid: int) -> bytes:
    file = await site.engine.open_message(account, mailbox, Uid(uid))
    try:
        return await file.read(0, file.size_octets)
    finally:
        file.close()


@pytest.mark.parametrize("partition", ["default", "archive"])
async def test_a_stored_file_is_added_to_another_account_and_stays(site: Site, partition: str) -> None:
    await site.add(site.inbox, Draft(b"hello"))
    jones, inbox = await other_account(site, partition)
    file = await site.engine.stored_file(site.account, site.inbox, Uid(1))
    assert (file.partition, file.size_octets) == ("default", 5)
    await site.do(AddMessages(inbox, (of(file),), AUTHOR), Added, account=jones)
    assert await text_of(site, jones, inbox, 1) == b"hello"
    assert await text_of(site, site.account, site.inbox, 1) == b"hello"


async def test_the_copy_outlives_the_original(site: Site) -> None:
    await site.add(site.inbox, Draft(b"hello"))
    jones, inbox = await other_account(site)
    file = await site.engine.stored_file(site.account, site.inbox, Uid(1))
    await site.do(AddMessages(inbox, (of(file),), AUTHOR), Added, account=jones)
    await site.do(Expunge(site.inbox, AUTHOR, only_deleted=False), Expunged)
    await site.do(PurgeMessages(site.inbox, site.sources.time_s + 1), Purged)
    assert await text_of(site, jones, inbox, 1) == b"hello"


async def test_a_move_that_is_tried_again_finds_its_first_copy(site: Site) -> None:
    await site.add(site.inbox, Draft(b"hello"))
    jones, inbox = await other_account(site)
    origin = MessageOrigin(site.inbox, Uid(1))
    for _ in range(2):
        file = await site.engine.stored_file(site.account, site.inbox, Uid(1))
        added = await site.do(AddMessages(inbox, (of(file, origin),), AUTHOR), Added, account=jones)
        assert added.uids == (1,)
    assert len(await message_rows(site.engine, jones, inbox)) == 1


async def test_a_file_that_was_purged_meanwhile_is_missing(site: Site) -> None:
    await site.add(site.inbox, Draft(b"hello"))
    jones, inbox = await other_account(site)
    file = await site.engine.stored_file(site.account, site.inbox, Uid(1))
    await site.do(Expunge(site.inbox, AUTHOR, only_deleted=False), Expunged)
    await site.do(PurgeMessages(site.inbox, site.sources.time_s + 1), Purged)
    with pytest.raises(MessageFileMissing):
        await site.engine.write(jones, AddMessages(inbox, (of(file),), AUTHOR))
    assert await message_rows(site.engine, jones, inbox) == []


async def test_what_is_not_there_has_no_file(site: Site) -> None:
    with pytest.raises(MessageNotFound):
        await site.engine.stored_file(site.account, site.inbox, Uid(1))
    with pytest.raises(MailboxNotFound):
        await site.engine.stored_file(site.account, UNKNOWN, Uid(1))
