"""STORE over every engine: how flags combine, who may change which, UNCHANGEDSINCE, each reader's `\\Seen`."""

import pytest
from tests.engine.contract.conftest import AUTHOR, Draft, Site, uid_set
from tests.engine.rows import message_rows

from angarium.engine.commands import Expunge, Expunged, FlagOperation, FlagsStored, StoreFlags
from angarium.engine.rows import KEYWORD_LIMIT, AccountId, MailboxId, ModSeq
from angarium.errors import AclChanged, KeywordLimitExceeded, MailboxNotFound
from angarium.flags import ALL_SYSTEM_FLAGS, Flags, SystemFlags
from angarium.sequenceset import UidSet

ANN = AccountId("a" * 24)
BOB = AccountId("b" * 24)
ADD, REMOVE, REPLACE = FlagOperation.ADD, FlagOperation.REMOVE, FlagOperation.REPLACE
WITHOUT_FLAGGED = ALL_SYSTEM_FLAGS & ~SystemFlags.FLAGGED


def store(site: Site, operation: FlagOperation, *names: str, uids: UidSet | None = None) -> StoreFlags:
    """STORE of all messages, or some."""
    return StoreFlags(site.inbox, uids or UidSet(((1, 0xFFFFFFFF),)), operation, Flags.of(names), AUTHOR)


@pytest.mark.parametrize(
    ("before", "operation", "given", "writable", "keywords_writable", "after"),
    [
        ("\\Seen a", ADD, "\\Flagged b", ALL_SYSTEM_FLAGS, True, "\\Seen \\Flagged a b"),
        ("\\Seen \\Flagged a b", REMOVE, "\\Flagged B c", ALL_SYSTEM_FLAGS, True, "\\Seen a"),
        ("\\Seen \\Flagged a b", REPLACE, "\\Draft B c", ALL_SYSTEM_FLAGS, True, "\\Draft b c"),
        ("\\Seen \\Flagged a", REPLACE, "", ALL_SYSTEM_FLAGS, True, ""),
        ("a", ADD, "\\Flagged \\Seen b", WITHOUT_FLAGGED, True, "\\Seen a b"),
        ("\\Flagged \\Seen", REMOVE, "\\Flagged \\Seen", WITHOUT_FLAGGED, True, "\\Flagged"),
        ("\\Flagged \\Seen a", REPLACE, "\\Draft", WITHOUT_FLAGGED, True, "\\Flagged \\Draft"),
        ("\\Seen a", REPLACE, "\\Flagged", WITHOUT_FLAGGED, True, ""),
        ("a", ADD, "\\Seen b", ALL_SYSTEM_FLAGS, False, "\\Seen a"),
        ("a b", REMOVE, "a", ALL_SYSTEM_FLAGS, False, "a b"),
        ("\\Seen a", REPLACE, "\\Draft b", ALL_SYSTEM_FLAGS, False, "\\Draft a"),
        ("\\Seen a", REPLACE, "b", SystemFlags.NONE, True, "\\Seen b"),
        ("\\Answered \\Flagged \\Deleted \\Draft \\Seen", REMOVE, "\\Answered \\Draft", ALL_SYSTEM_FLAGS, True,
         "\\Flagged \\Deleted \\Seen"),
    ],
)  # fmt: skip
async def test_flags_combine_by_operation_and_right(
    site: Site,
    before: str,
    operation: FlagOperation,
    given: str,
    writable: SystemFlags,
    keywords_writable: bool,
    after: str,
) -> None:
    await site.add(site.inbox, Draft(flags=Flags.of(before.split())))
    command = StoreFlags(
        site.inbox,
        uid_set(1),
        operation,
        Flags.of(given.split()),
        AUTHOR,
        writable=writable,
        keywords_writable=keywords_writable,
    )
    stored = await site.do(command, FlagsStored)
    assert await site.flags(site.inbox) == {1: set(after.split())}
    has_changed = set(after.split()) != set(before.split())
    assert (stored.changed, stored.modseq is not None) == (uid_set(1) if has_changed else UidSet(), has_changed)
    await site.check_counters()


async def test_only_messages_that_change_get_the_modseq(site: Site) -> None:
    added = await site.add(site.inbox, Draft(flags=Flags.of(["\\Seen"])), Draft(), Draft(), Draft())
    stored = await site.do(store(site, ADD, "\\Seen", uids=uid_set(1, 2, 3, 9)), FlagsStored)
    assert (stored.changed, stored.refused) == (uid_set(2, 3), UidSet())
    assert stored.modseq is not None
    assert stored.modseq > added.modseq
    modseqs = [row.modseq for row in await site.messages(site.inbox)]
    assert modseqs == [added.modseq, stored.modseq, stored.modseq, added.modseq]
    changed = await message_rows(site.engine, site.account, site.inbox, changed_since=added.modseq)
    assert [row.uid for row in changed] == [2, 3]
    assert (await site.row(site.inbox)).highestmodseq == stored.modseq
    assert (await site.engine.state(site.account)).modseq == stored.modseq


@pytest.mark.parametrize(
    ("operation", "names", "uids"),
    [
        (ADD, ["\\Seen", "a"], [1]),
        (REMOVE, ["\\Draft", "unknown"], [1]),
        (REPLACE, ["A", "\\seen"], [1]),
        (ADD, ["unknown"], [9]),
        (REPLACE, ["unknown"], [9]),
        (REPLACE, [], [9]),
    ],
)
async def test_a_store_that_changes_nothing_leaves_no_trace(
    site: Site, operation: FlagOperation, names: list[str], uids: list[int]
) -> None:
    await site.add(site.inbox, Draft(flags=Flags.of(["\\Seen", "a"])))
    before, state = await site.dump(), await site.engine.state(site.account)
    stored = await site.do(store(site, operation, *names, uids=uid_set(*uids)), FlagsStored)
    assert stored == FlagsStored(UidSet(), UidSet(), None)
    assert (await site.dump(), await site.engine.state(site.account)) == (before, state)


async def test_expunged_messages_are_passed_over(site: Site) -> None:
    await site.add(site.inbox, Draft(), Draft())
    await site.do(Expunge(site.inbox, AUTHOR, uid_set(1), only_deleted=False), Expunged)
    stored = await site.do(store(site, ADD, "\\Flagged"), FlagsStored)
    assert stored.changed == uid_set(2)
    await site.check_counters()


async def test_counters_follow_stored_flags(site: Site) -> None:
    await site.add(site.inbox, *[Draft()] * 4)
    await site.do(store(site, ADD, "\\Seen", "\\Deleted", uids=uid_set(1, 2, 3)), FlagsStored)
    row = await site.row(site.inbox)
    assert (row.unseen, row.deleted) == (1, 3)
    await site.do(store(site, REMOVE, "\\Deleted", uids=uid_set(1)), FlagsStored)
    await site.do(store(site, REPLACE, "\\Draft", uids=uid_set(2, 4)), FlagsStored)
    row = await site.row(site.inbox)
    assert (row.unseen, row.deleted) == (2, 1)
    await site.check_counters()


async def test_a_keyword_beyond_the_limit_is_refused_with_all_that_came_with_it(site: Site) -> None:
    await site.add(site.inbox, Draft(flags=Flags.of([f"k{number}" for number in range(KEYWORD_LIMIT)])))
    await site.refuse(store(site, ADD, "\\Seen", "one-more"), KeywordLimitExceeded)
    assert (await site.do(store(site, REMOVE, "one-more", "K127"), FlagsStored)).changed == uid_set(1)


async def test_a_keyword_keeps_its_bit_when_no_message_has_it_any_more(site: Site) -> None:
    await site.add(site.inbox, Draft(flags=Flags.of(["a", "b"])))
    await site.do(store(site, REPLACE, "c"), FlagsStored)
    assert (await site.row(site.inbox)).keywords == ("a", "b", "c")
    assert (await site.messages(site.inbox))[0].keywords_low == 0b100


async def test_a_changed_acl_refuses_the_store(site: Site) -> None:
    await site.add(site.inbox, Draft())
    command = StoreFlags(site.inbox, uid_set(1), ADD, Flags.of(["a"]), AUTHOR, acl_version=99)
    await site.refuse(command, AclChanged)


async def test_an_unknown_mailbox_refuses_the_store(site: Site) -> None:
    await site.refuse(StoreFlags(MailboxId("z" * 24), uid_set(1), ADD, Flags.of(["a"]), AUTHOR), MailboxNotFound)


# UNCHANGEDSINCE


async def test_messages_changed_since_are_left_alone_one_by_one(site: Site) -> None:
    first = await site.add(site.inbox, Draft(), Draft())
    second = await site.add(site.inbox, Draft())
    await site.do(store(site, ADD, "\\Answered", uids=uid_set(2)), FlagsStored)
    command = StoreFlags(
        site.inbox, uid_set(1, 2, 3, 9), ADD, Flags.of(["\\Seen"]), AUTHOR, unchanged_since=second.modseq
    )
    stored = await site.do(command, FlagsStored)
    assert (stored.changed, stored.refused) == (uid_set(1, 3), uid_set(2))
    assert first.modseq < second.modseq
    assert await site.flags(site.inbox) == {1: {"\\Seen"}, 2: {"\\Answered"}, 3: {"\\Seen"}}


async def test_unchanged_since_zero_refuses_every_message_that_is_there(site: Site) -> None:
    await site.add(site.inbox, Draft(), Draft())
    before = await site.dump()
    command = StoreFlags(site.inbox, uid_set(1, 2, 3), ADD, Flags.of(["new"]), AUTHOR, unchanged_since=ModSeq(0))
    assert await site.do(command, FlagsStored) == FlagsStored(UidSet(), uid_set(1, 2), None)
    assert await site.dump() == before


async def test_unchanged_since_counts_the_readers_own_seen_state(site: Site) -> None:
    added = await site.add(site.inbox, Draft(), Draft())
    mark = StoreFlags(site.inbox, uid_set(1), ADD, Flags.of(["\\Seen"]), AUTHOR, seen_account=ANN)
    await site.do(mark, FlagsStored)
    command = StoreFlags(
        site.inbox,
        uid_set(1),
        REMOVE,
        Flags.of(["\\Seen"]),
        AUTHOR,
        unchanged_since=added.modseq,
        seen_account=ANN,
    )
    assert (await site.do(command, FlagsStored)).refused == uid_set(1)
    others = StoreFlags(
        site.inbox, uid_set(1), ADD, Flags.of(["\\Seen"]), AUTHOR, unchanged_since=added.modseq, seen_account=BOB
    )
    assert (await site.do(others, FlagsStored)).changed == uid_set(1)


# Each reader's own seen state


async def test_another_readers_seen_moves_nothing_that_is_shared(site: Site) -> None:
    await site.add(site.inbox, Draft(), Draft(), Draft())
    rows, mailbox = await site.messages(site.inbox), await site.row(site.inbox)
    command = StoreFlags(site.inbox, uid_set(1, 3, 9), ADD, Flags.of(["\\Seen"]), AUTHOR, seen_account=ANN)
    stored = await site.do(command, FlagsStored)
    assert stored.changed == uid_set(1, 3)
    assert (await site.messages(site.inbox), await site.row(site.inbox)) == (rows, mailbox)
    seen = await site.engine.seen(site.account, site.inbox, ANN)
    assert seen is not None
    assert (seen.uids, seen.highestmodseq) == ("1,3", stored.modseq)
    assert (await site.engine.state(site.account)).modseq == stored.modseq
    assert await site.engine.seen(site.account, site.inbox, BOB) is None


async def test_seen_and_other_flags_of_another_reader_go_their_own_ways_in_one_modseq(site: Site) -> None:
    await site.add(site.inbox, Draft(flags=Flags.of(["\\Seen"])), Draft())
    command = StoreFlags(site.inbox, uid_set(1), ADD, Flags.of(["\\Seen", "\\Flagged", "k"]), AUTHOR, seen_account=ANN)
    stored = await site.do(command, FlagsStored)
    row = (await site.messages(site.inbox))[0]
    seen = await site.engine.seen(site.account, site.inbox, ANN)
    assert seen is not None
    assert stored.modseq == row.modseq == seen.highestmodseq
    assert await site.flags(site.inbox) == {1: {"\\Seen", "\\Flagged", "k"}, 2: set()}


async def test_replace_by_another_reader_leaves_the_owners_seen(site: Site) -> None:
    await site.add(site.inbox, Draft(flags=Flags.of(["\\Seen", "\\Draft"])))
    await site.add(site.inbox, Draft(flags=Flags.of(["\\Seen"])), seen_account=ANN)
    command = StoreFlags(site.inbox, uid_set(1, 2), REPLACE, Flags.of(["k"]), AUTHOR, seen_account=ANN)
    assert (await site.do(command, FlagsStored)).changed == uid_set(1, 2)
    assert await site.flags(site.inbox) == {1: {"\\Seen", "k"}, 2: {"k"}}
    seen = await site.engine.seen(site.account, site.inbox, ANN)
    assert seen is not None
    assert seen.uids == ""


async def test_seen_that_may_not_be_changed_stays_in_another_readers_state(site: Site) -> None:
    await site.add(site.inbox, Draft(flags=Flags.of(["\\Seen"])), seen_account=ANN)
    for operation in (REMOVE, REPLACE):
        command = StoreFlags(
            site.inbox,
            uid_set(1),
            operation,
            Flags.of(["\\Seen"] if operation is REMOVE else []),
            AUTHOR,
            writable=ALL_SYSTEM_FLAGS & ~SystemFlags.SEEN,
            seen_account=ANN,
        )
        assert await site.do(command, FlagsStored) == FlagsStored(UidSet(), UidSet(), None)


async def test_a_seen_state_that_does_not_change_takes_no_modseq(site: Site) -> None:
    await site.add(site.inbox, Draft())
    command = StoreFlags(site.inbox, uid_set(1), ADD, Flags.of(["\\Seen"]), AUTHOR, seen_account=ANN)
    await site.do(command, FlagsStored)
    seen, state = await site.engine.seen(site.account, site.inbox, ANN), await site.engine.state(site.account)
    assert (await site.do(command, FlagsStored)).modseq is None
    assert await site.engine.seen(site.account, site.inbox, ANN) == seen
    assert await site.engine.state(site.account) == state
