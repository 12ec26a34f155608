"""Deliver over every engine: messages, marks and mail to send, all or nothing."""

from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field, replace
from typing import Self

import pytest
from tests.engine.contract.conftest import AUTHOR, Draft, Site

from angarium.engine.commands import Deliver, Delivered, Done, Expunge, Expunged, QuotaPolicy, SetAcl, SetQuota
from angarium.engine.delivery import Deposit, Dispatch, Mark, MarkKind
from angarium.engine.interface import OUTGOING
from angarium.engine.rows import AccountId, MailboxId, QuotaResource
from angarium.errors import AclChanged, AngariumError, MailboxNotFound, MarksChanged, QuotaExceeded

DELIVERED, ANSWERED = MarkKind.DELIVERED, MarkKind.ANSWERED
UNKNOWN = MailboxId("z" * 24)
LATER_S = 3_000_000_000
TEXT = b"Subject: x\r\n\r\n"
MAIL = Dispatch("", ("ann@example.org",), b"Subject: away\r\n\r\n", "vacation", "1@x", LATER_S)


def mark(key: str, kind: MarkKind = DELIVERED, expires_at_s: int = LATER_S) -> Mark:
    return Mark(kind, key, expires_at_s)


@dataclass(slots=True)
class Post:
    """Deliveries to a site, with their staged files."""

    site: Site
    exits: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.exits.aclose()

    async def deposit(
        self, mailbox: MailboxId, key: str | None = None, octets: bytes = b"Subject: x\r\n\r\n"
    ) -> Deposit:
        draft = Draft(octets=octets)
        message = draft.message(await self.site.stage(self.exits, octets))
        return Deposit(mailbox, message, mark=None if key is None else mark(key))

    async def deliver(self, *deposits: Deposit, dispatches: tuple[Dispatch, ...] = ()) -> Delivered:
        return await self.site.do(Deliver(AUTHOR, deposits, dispatches), Delivered)


async def standing(site: Site, *keys: str, kind: MarkKind = DELIVERED) -> frozenset[str]:
    return await site.engine.marks(site.account, kind, keys)


async def test_messages_go_into_several_mailboxes_and_twice_into_one(site: Site) -> None:
    (work,) = await site.create("work")
    async with Post(site) as post:
        to_inbox, to_work = await post.deposit(site.inbox), await post.deposit(work, octets=b"y" * 50)
        delivered = await post.deliver(to_inbox, to_work, to_inbox)
    assert delivered.uids == (1, 1, 2)
    assert delivered.modseq == (await site.engine.state(site.account)).modseq
    assert await site.uids(site.inbox) == [1, 2]
    assert await site.uids(work) == [1]
    await site.check_counters()
    with closing(await site.engine.open_message(site.account, work, (await site.messages(work))[0].uid)) as file:
        assert await file.read(0, 100) == b"y" * 50


async def test_the_change_log_tells_a_delivery_from_an_append(site: Site) -> None:
    async with Post(site) as post:
        await post.deliver(await post.deposit(site.inbox))
    await site.add(site.inbox, Draft())
    changes = await site.engine.changes(site.account, since=(await site.row(site.inbox)).created_modseq, limit=9)
    assert [(change.operation, change.uids, change.actor) for change in changes] == [
        ("deliver", "1", "smith"),
        ("append", "2", "smith"),
    ]


async def test_a_message_whose_mark_stands_is_put_nowhere_and_the_others_are(site: Site) -> None:
    (work,) = await site.create("work")
    async with Post(site) as post:
        to_inbox, to_work = await post.deposit(site.inbox, "1@x inbox"), await post.deposit(work, "1@x work")
        assert (await post.deliver(to_inbox)).uids == (1,)
        assert (await post.deliver(to_inbox, to_work)).uids == (None, 1)
        before = await site.dump()
        assert (await post.deliver(to_inbox, to_work)).uids == (None, None)
    assert await site.dump() == before
    assert await standing(site, "1@x inbox", "1@x work", "1@x") == {"1@x inbox", "1@x work"}
    assert await standing(site, "1@x inbox", kind=ANSWERED) == set()


async def test_one_mark_in_a_delivery_stands_for_what_comes_behind_it(site: Site) -> None:
    async with Post(site) as post:
        same = await post.deposit(site.inbox, "1@x")
        answer = replace(MAIL, mark=mark("1@x"))
        delivered = await post.deliver(same, same, dispatches=(answer,))
    assert (delivered.uids, delivered.dispatched) == ((1, None), (False,))
    assert await site.engine.work() == []


async def test_a_mark_that_has_expired_stands_for_nothing_and_is_set_anew(site: Site) -> None:
    async with Post(site) as post:
        deposit = await post.deposit(site.inbox)
        until = site.sources.time_s + 10
        soon = replace(deposit, mark=mark("1@x", expires_at_s=until))
        assert (await post.deliver(soon)).uids == (1,)
        site.sources.time_s = until - 1
        assert (await post.deliver(soon)).uids == (None,)
        assert await standing(site, "1@x") == {"1@x"}
        site.sources.time_s = until
        assert await standing(site, "1@x") == set()
        assert (await post.deliver(replace(deposit, mark=mark("1@x", expires_at_s=until + 10)))).uids == (2,)
    (row,) = await site.engine.list_marks(site.account, DELIVERED)
    assert (row.mark.expires_at_s, row.noted_at_s) == (until + 10, until)


async def test_a_mark_of_a_message_that_was_expunged_stands(site: Site) -> None:
    """Who has read and deleted a message does not want its second copy."""
    async with Post(site) as post:
        deposit = await post.deposit(site.inbox, "1@x")
        await post.deliver(deposit)
        await site.do(Expunge(site.inbox, AUTHOR, only_deleted=False), Expunged)
        assert (await post.deliver(deposit)).uids == (None,)


async def test_marks_beside_messages_get_the_new_time(site: Site) -> None:
    first, again = mark("ann", ANSWERED, LATER_S), mark("ann", ANSWERED, LATER_S + 5)
    before = await site.engine.state(site.account)
    for each in (first, again):
        await site.do(Deliver(AUTHOR, marks=(each, mark("bob", ANSWERED))), Delivered)
    rows = await site.engine.list_marks(site.account, ANSWERED)
    assert [row.mark for row in rows] == [again, mark("bob", ANSWERED)]
    assert await site.engine.state(site.account) == before  # nobody synchronises marks


async def test_what_must_not_be_marked_refuses_all_of_it(site: Site) -> None:
    await site.do(Deliver(AUTHOR, marks=(mark("ann", ANSWERED, site.sources.time_s + 1),)), Delivered)
    async with Post(site) as post:
        deposit = await post.deposit(site.inbox, "1@x")
        deliver = Deliver(
            AUTHOR, (deposit,), (MAIL,), (mark("bob", ANSWERED),), ((ANSWERED, "ann"), (DELIVERED, "ann"))
        )
        await site.refuse(deliver, MarksChanged)
        await site.do(replace(deliver, unmarked=((DELIVERED, "ann"), (ANSWERED, "carol"))), Delivered)
        site.sources.time_s += 1
        await site.do(replace(deliver, unmarked=((ANSWERED, "ann"),)), Delivered)  # it has expired


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("refusal", [MailboxNotFound, AclChanged, QuotaExceeded])
async def test_a_deposit_that_is_refused_takes_all_with_it(
    site: Site, refusal: type[AngariumError], place: int
) -> None:
    (work,) = await site.create("work")
    await site.do(SetQuota("work", {QuotaResource.MESSAGE: 0}, AUTHOR), Done)
    async with Post(site) as post:
        deposits = [await post.deposit(site.inbox, f"{number}@x") for number in range(2)]
        where: dict[type[AngariumError], MailboxId] = {MailboxNotFound: UNKNOWN, QuotaExceeded: work}
        bad = await post.deposit(where.get(refusal, site.inbox), "bad")
        if refusal is AclChanged:
            bad = replace(bad, acl_version=7)
        deposits.insert(place, bad)
        with_file = replace(MAIL, file=deposits[0].message.file)
        await site.refuse(Deliver(AUTHOR, tuple(deposits), (MAIL, with_file), (mark("m"),)), refusal)
    await site.check_counters()


async def test_the_acl_is_the_one_that_the_right_was_decided_on(site: Site) -> None:
    version = (await site.row(site.inbox)).acl_version
    async with Post(site) as post:
        deposit = replace(await post.deposit(site.inbox), acl_version=version)
        assert (await post.deliver(deposit)).uids == (1,)
        await site.engine.write(site.account, SetAcl(site.inbox, "anyone\tp\t", version, AUTHOR))
        await site.refuse(Deliver(AUTHOR, (deposit,)), AclChanged)


async def test_quota_is_counted_along(site: Site) -> None:
    """Below the limit any size is accepted, at or over it nothing is: within one delivery too."""
    await site.engine.write(site.account, SetQuota("", {QuotaResource.STORAGE: 1}, AUTHOR))
    (work,) = await site.create("work")
    async with Post(site) as post:
        large, small = await post.deposit(site.inbox, octets=b"x" * 5000), await post.deposit(work, octets=b"y")
        await site.refuse(Deliver(AUTHOR, (large, small)), QuotaExceeded)
        strict = replace(large, quota=QuotaPolicy.STRICT)
        await site.refuse(Deliver(AUTHOR, (small, strict)), QuotaExceeded)
        assert (await post.deliver(small, large)).uids == (1, 1)
        assert (await post.deliver(replace(small, quota=QuotaPolicy.IGNORE))).uids == (2,)
    await site.check_counters()


async def test_neighbours_in_a_batch_are_not_disturbed(site: Site) -> None:
    async with Post(site) as post:
        first, second = await post.deposit(site.inbox, "1@x"), await post.deposit(site.inbox, "2@x")
        bad = await post.deposit(UNKNOWN, "3@x")
        commands = [
            Deliver(AUTHOR, (first,), (MAIL,)),
            Deliver(AUTHOR, (second, bad), (MAIL,)),
            Deliver(AUTHOR, (first, second), (MAIL, replace(MAIL, mark=mark("1@x")))),
        ]
        answers = await site.engine.write_batch(site.account, commands)
    assert isinstance(answers[0], Delivered)
    assert isinstance(answers[1], MailboxNotFound)
    assert isinstance(answers[2], Delivered)
    assert (answers[2].uids, answers[2].dispatched) == ((None, 2), (True, False))
    rows = await site.engine.dispatches(site.account)
    assert [number for number, _ in await site.engine.work()] == [row.work for row in rows]
    assert len(rows) == 2
    await site.check_counters()


async def test_nothing_at_all_is_a_delivery_too(site: Site) -> None:
    before = await site.dump()
    delivered = await site.do(Deliver(AUTHOR), Delivered)
    assert (delivered.uids, delivered.dispatched) == ((), ())
    assert await site.dump() == before


async def test_a_delivery_is_announced_and_mail_to_send_besides(site: Site) -> None:
    heard: list[AccountId] = []
    end = site.engine.subscribe(heard.append)
    async with Post(site) as post:
        deposit = await post.deposit(site.inbox, "1@x")
        await post.deliver(deposit)
        assert heard == [site.account]
        await post.deliver(deposit, dispatches=(MAIL,))
        assert heard == [site.account, site.account, OUTGOING]
        await post.deliver(deposit)
        await site.refuse(Deliver(AUTHOR, (await post.deposit(UNKNOWN),), (MAIL,)), MailboxNotFound)
    assert heard[3:].count(OUTGOING) == 0
    end()
