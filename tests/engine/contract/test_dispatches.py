"""The queue of mail to send, over every engine: lines, files, and the notes that keep them from being forgotten."""

from contextlib import AsyncExitStack, closing
from dataclasses import replace

import pytest
from tests.engine.contract.conftest import AUTHOR, Site

from angarium.engine.commands import Deliver, Delivered, Done, PostponeDispatch, RemoveDispatch
from angarium.engine.delivery import MAIL_TO_SEND, NOTE_STALE_AFTER_S, SENT_FOR_S, Dispatch, DispatchRow, Mark, MarkKind
from angarium.engine.interface import OUTGOING
from angarium.engine.rows import AccountId, WorkRow
from angarium.errors import AccountNotFound, ActionLimitExceeded, MessageFileMissing, MessageNotFound, StoreBusy

LATER_S = 3_000_000_000
ANSWER = Dispatch(
    "smith@example.org",
    ("ann@example.org", "bob@example.org"),
    b"Subject: away\r\n\r\nGone.\r\n",
    "vacation",
    "1@example.org",
    LATER_S,
    parameters=(("NOTIFY", "NEVER"), ("SMTPUTF8", "")),
)
UNKNOWN = AccountId("z" * 24)


async def queue(site: Site, *dispatches: Dispatch) -> tuple[DispatchRow, ...]:
    """Queue mail; gives the lines that came."""
    before = {row.number for row in await site.engine.dispatches(site.account)}
    await site.do(Deliver(AUTHOR, dispatches=dispatches), Delivered)
    return tuple([row for row in await site.engine.dispatches(site.account) if row.number not in before])


async def queue_file(site: Site, octets: bytes, *, head: bytes = b"", offset: int = 0) -> DispatchRow:
    """Queue mail with a file."""
    async with AsyncExitStack() as exits:
        file = await site.stage(exits, octets)
        (row,) = await queue(site, replace(ANSWER, head=head, file=file, offset=offset))
    return row


async def remove(site: Site, number: int, replacement: Dispatch | None = None) -> None:
    await site.do(RemoveDispatch(number, AUTHOR, replacement), Done)


async def noted(site: Site) -> list[tuple[int, AccountId, str]]:
    return [(number, row.account, row.kind) for number, row in await site.engine.work()]


async def test_mail_is_queued_with_all_that_is_to_be_known(site: Site) -> None:
    site.sources.time_s += 7
    (row,) = await queue(site, ANSWER)
    assert row == DispatchRow(
        number=1,
        sender="smith@example.org",
        recipients=("ann@example.org", "bob@example.org"),
        head=ANSWER.head,
        purpose="vacation",
        message_id="1@example.org",
        size_octets=len(ANSWER.head),
        offset=0,
        has_file=False,
        parameters=(("NOTIFY", "NEVER"), ("SMTPUTF8", "")),
        queued_at_s=site.sources.time_s,
        expires_at_s=LATER_S,
        attempts=0,
        next_attempt_s=site.sources.time_s,
        last_error="",
        work=row.work,
    )
    assert await site.engine.dispatch(site.account, 1) == row
    assert await site.engine.dispatch(site.account, 2) is None
    assert await noted(site) == [(row.work, site.account, MAIL_TO_SEND)]
    assert await site.engine.accounts_with_mail() == [site.account]


async def test_mail_with_a_file_outlives_what_was_staged(site: Site) -> None:
    row = await queue_file(site, b"X: 1\r\n\r\nbody", head=b"Received: by us\r\n", offset=6)
    assert (row.has_file, row.offset) == (True, 6)
    assert row.size_octets == len(b"Received: by us\r\n") + len(b"\r\nbody")
    with closing(await site.engine.open_dispatch(site.account, row.number)) as file:
        assert await file.read(0, 100) == b"X: 1\r\n\r\nbody"
    await remove(site, row.number)
    with pytest.raises(MessageNotFound):
        await site.engine.open_dispatch(site.account, row.number)


async def test_mail_without_a_file_has_none_to_open(site: Site) -> None:
    (row,) = await queue(site, ANSWER)
    with pytest.raises(MessageNotFound):
        await site.engine.open_dispatch(site.account, row.number)


async def test_a_file_that_is_gone_cannot_be_queued(site: Site) -> None:
    async with AsyncExitStack() as exits:
        file = await site.stage(exits, b"x")
    await site.refuse(Deliver(AUTHOR, dispatches=(ANSWER, replace(ANSWER, file=file))), MessageFileMissing)


async def test_several_are_queued_in_order_and_numbers_are_never_given_again(site: Site) -> None:
    rows = await queue(site, ANSWER, replace(ANSWER, message_id="2@x"), replace(ANSWER, message_id="3@x"))
    assert [(row.number, row.message_id) for row in rows] == [(1, "1@example.org"), (2, "2@x"), (3, "3@x")]
    assert len({row.work for row in rows}) == 3
    for row in rows:
        await remove(site, row.number)
    (row,) = await queue(site, ANSWER)
    assert row.number == 4
    assert (await queue_file(site, b"x")).number == 5


async def test_what_is_marked_already_is_not_sent(site: Site) -> None:
    once = replace(ANSWER, mark=Mark(MarkKind.ANSWERED, "ann", site.sources.time_s + 60))
    delivered = await site.do(Deliver(AUTHOR, dispatches=(once, once, ANSWER)), Delivered)
    assert delivered.dispatched == (True, False, True)
    delivered = await site.do(Deliver(AUTHOR, dispatches=(once,)), Delivered)
    assert delivered.dispatched == (False,)
    rows = await site.engine.dispatches(site.account)
    assert [row.number for row in rows] == [1, 2]
    assert [number for number, _, _ in await noted(site)] == [row.work for row in rows]
    site.sources.time_s += 60
    assert (await site.do(Deliver(AUTHOR, dispatches=(once,)), Delivered)).dispatched == (True,)


async def test_an_attempt_that_failed_is_noted(site: Site) -> None:
    (row,) = await queue(site, ANSWER)
    state = await site.engine.state(site.account)
    await site.do(PostponeDispatch(row.number, ("bob@example.org",), LATER_S - 5, "451 later"), Done)
    await site.do(PostponeDispatch(row.number, ("bob@example.org",), LATER_S - 3, "none", counts=False), Done)
    await site.do(PostponeDispatch(99, ("x",), 1, ""), Done)
    expected = replace(row, recipients=("bob@example.org",), next_attempt_s=LATER_S - 3, last_error="none", attempts=1)
    assert await site.engine.dispatches(site.account) == [expected]
    assert await site.engine.state(site.account) == state


async def test_what_was_sent_goes_with_its_note(site: Site) -> None:
    first, second = await queue(site, ANSWER, ANSWER)
    state = await site.engine.state(site.account)
    await remove(site, first.number)
    assert await site.engine.dispatches(site.account) == [second]
    assert await noted(site) == [(second.work, site.account, MAIL_TO_SEND)]
    await remove(site, first.number)
    await remove(site, second.number)
    assert await noted(site) == []
    assert await site.engine.accounts_with_mail() == []
    assert await site.engine.state(site.account) == state


async def test_what_is_queued_and_removed_at_once_leaves_no_note(site: Site) -> None:
    two = (ANSWER, replace(ANSWER, message_id="2@x"))
    commands = (Deliver(AUTHOR, dispatches=two), RemoveDispatch(1, AUTHOR))
    delivered, removed = await site.engine.write_batch(site.account, commands)
    assert isinstance(delivered, Delivered)
    assert isinstance(removed, Done)
    (row,) = await site.engine.dispatches(site.account)
    assert row.number == 2
    assert await noted(site) == [(row.work, site.account, MAIL_TO_SEND)]


async def test_what_replaces_it_is_queued_with_its_removal(site: Site) -> None:
    (row,) = await queue(site, ANSWER)
    async with AsyncExitStack() as exits:
        file = await site.stage(exits, b"the original")
        await remove(site, row.number, replace(ANSWER, sender="", purpose="notice", file=file))
    (notice,) = await site.engine.dispatches(site.account)
    assert (notice.purpose, notice.number) == ("notice", 2)
    assert await noted(site) == [(notice.work, site.account, MAIL_TO_SEND)]
    with closing(await site.engine.open_dispatch(site.account, 2)) as opened:
        assert await opened.read(0, 100) == b"the original"


async def test_nothing_replaces_what_is_gone(site: Site) -> None:
    """Two that give it up at one time tell its sender once."""
    (row,) = await queue(site, ANSWER)
    await remove(site, row.number, ANSWER)
    before = await site.dump()
    await remove(site, row.number, ANSWER)
    assert await site.dump() == before


async def test_what_replaces_it_may_be_marked_already(site: Site) -> None:
    first, second = await queue(site, ANSWER, ANSWER)
    once = replace(ANSWER, purpose="notice", mark=Mark(MarkKind.NOTICE, "today", LATER_S))
    await remove(site, first.number, once)
    await remove(site, second.number, once)
    (notice,) = await site.engine.dispatches(site.account)
    assert await noted(site) == [(notice.work, site.account, MAIL_TO_SEND)]


async def test_a_replacement_that_is_refused_leaves_it_in_the_queue(site: Site) -> None:
    (row,) = await queue(site, ANSWER)
    async with AsyncExitStack() as exits:
        file = await site.stage(exits, b"x")
    await site.refuse(RemoveDispatch(row.number, AUTHOR, replace(ANSWER, file=file)), MessageFileMissing)


async def test_who_sends_mail_is_told_when_there_is_some(site: Site) -> None:
    heard: list[AccountId] = []
    end = site.engine.subscribe(lambda account: heard.append(account) if account == OUTGOING else None)
    (row,) = await queue(site, ANSWER)
    assert len(heard) == 1
    await site.do(PostponeDispatch(row.number, ("x",), LATER_S, ""), Done)
    assert len(heard) == 1
    await site.do(PostponeDispatch(row.number, ("x",), 0, "", counts=False), Done)
    assert len(heard) == 2
    await remove(site, row.number)
    assert len(heard) == 2
    (row,) = await queue(site, ANSWER)
    await remove(site, row.number, ANSWER)
    assert len(heard) == 4
    end()


async def test_accounts_with_mail_come_in_the_order_in_which_they_wait(site: Site) -> None:
    jones = await site.engine.create_account("user.jones")
    await site.do(Deliver(AUTHOR, dispatches=(ANSWER,)), Delivered, account=jones)
    await queue(site, ANSWER)
    await site.do(Deliver(AUTHOR, dispatches=(ANSWER,)), Delivered, account=jones)
    assert await site.engine.accounts_with_mail() == [jones, site.account]
    await site.do(RemoveDispatch(1, AUTHOR), Done, account=jones)
    assert await site.engine.accounts_with_mail() == [site.account, jones]


async def test_a_note_that_a_crash_has_left_is_known_to_be_stale_after_a_while(site: Site) -> None:
    (row,) = await queue(site, ANSWER)
    left = WorkRow(site.account, MAIL_TO_SEND, "never written", site.sources.time_s)
    gone = WorkRow(UNKNOWN, MAIL_TO_SEND, "never written", site.sources.time_s)
    other = WorkRow(UNKNOWN, "indexing", "", site.sources.time_s)
    for each in (left, gone, other):
        await site.engine.note_work(each)
    assert await site.engine.accounts_with_mail() == [site.account, UNKNOWN]
    site.sources.time_s += NOTE_STALE_AFTER_S + 1
    assert await site.engine.accounts_with_mail() == [site.account]
    assert [work.kind for _, work in await site.engine.work()] == [MAIL_TO_SEND, "indexing"]
    assert (await site.engine.work())[0][0] == row.work
    await remove(site, row.number)
    assert await site.engine.accounts_with_mail() == []


async def test_an_account_with_mail_to_send_is_not_forgotten(site: Site) -> None:
    jones = await site.engine.create_account("user.jones")
    await site.do(Deliver(AUTHOR, dispatches=(ANSWER,)), Delivered, account=jones)
    with pytest.raises(StoreBusy):
        await site.engine.forget_account(jones)
    assert len(await site.engine.dispatches(jones)) == 1
    await site.do(RemoveDispatch(1, AUTHOR), Done, account=jones)
    await site.engine.forget_account(jones)
    assert await site.engine.account_id("user.jones") is None


async def test_an_account_that_is_not_there_sends_nothing(site: Site) -> None:
    for command in (
        Deliver(AUTHOR, dispatches=(ANSWER,)),
        RemoveDispatch(1, AUTHOR, ANSWER),
        RemoveDispatch(1, AUTHOR),
    ):
        with pytest.raises(AccountNotFound):
            await site.engine.write(UNKNOWN, command)
        (refused,) = await site.engine.write_batch(UNKNOWN, [command])
        assert isinstance(refused, AccountNotFound)
    for reading in (
        site.engine.dispatches(UNKNOWN),
        site.engine.dispatch(UNKNOWN, 1),
        site.engine.open_dispatch(UNKNOWN, 1),
    ):
        with pytest.raises(AccountNotFound):
            await reading
    assert await noted(site) == []


async def test_no_more_is_queued_in_a_day_than_the_delivery_allows(site: Site) -> None:
    def mails(count: int, *, most: int = 3) -> Deliver:
        return Deliver(AUTHOR, dispatches=(ANSWER,) * count, daily_dispatches_max=most)

    await site.do(Deliver(AUTHOR, dispatches=(ANSWER,)), Delivered)
    await site.do(mails(2), Delivered)
    await site.refuse(mails(2), ActionLimitExceeded)
    await site.do(mails(1), Delivered)
    for row in await site.engine.dispatches(site.account):
        await remove(site, row.number)
    await site.refuse(mails(1), ActionLimitExceeded)
    await site.do(mails(1, most=0), Delivered)
    await site.do(mails(0), Delivered)
    site.sources.time_s += SENT_FOR_S
    await site.refuse(mails(4), ActionLimitExceeded)
    await site.do(mails(3), Delivered)


async def test_what_is_not_queued_for_its_mark_does_not_count(site: Site) -> None:
    once = replace(ANSWER, mark=Mark(MarkKind.ANSWERED, "smith", LATER_S))
    for _ in range(3):
        await site.do(Deliver(AUTHOR, dispatches=(once,), daily_dispatches_max=1), Delivered)
