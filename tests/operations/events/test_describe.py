"""What notifications say, over every engine."""

import json
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime

import pytest
from tests.engine.contract.conftest import AUTHOR, START_S, Draft, Site
from tests.operations.events.sites import EVERYTHING, Members

from angarium.config import ContentMode, EventParameter
from angarium.engine.commands import (
    Author,
    CopyMessages,
    CreateMailboxes,
    EraseMailboxes,
    Expunge,
    FlagOperation,
    MailboxRename,
    RenameInbox,
    RenameMailboxes,
    SetAccountName,
    SetAcl,
    SetQuota,
    StoreFlags,
    Subscribe,
)
from angarium.engine.moves import MailboxMove, MoveMailboxes
from angarium.engine.rows import NO_MODSEQ, AccountId, ModSeq, QuotaResource
from angarium.flags import Flags
from angarium.operations.events.describe import Describer
from angarium.operations.events.feed import AccountFeed
from angarium.operations.events.names import EventName
from angarium.operations.events.notification import Notification
from angarium.operations.events.occurrences import occurrences
from angarium.operations.events.policy import EventPolicy
from angarium.sequenceset import UidSet

EXPIRE = Author("cyr_expire", "cyr_expire")
LMTP = Author("anonymous", "lmtp 192.0.2.9", "session-2")


async def notifications(
    site: Site, policy: EventPolicy = EVERYTHING, *, since: ModSeq = NO_MODSEQ, account: AccountId | None = None
) -> list[Notification]:
    """Everything that is told of the account since a modseq."""
    account = account or site.account
    batch = await AccountFeed(site.engine, account, since, began_s=0).next()
    found: list[Notification] = []
    for group in batch.groups:
        describer = Describer(site.engine, policy, account, since=ModSeq(group[0].row.modseq - 1))
        for number, occurrence in enumerate(occurrences(group, simple_flags=policy.simple_flags)):
            notification = await describer.describe(occurrence, number)
            if notification is not None:
                found.append(notification)
    return found


async def said(site: Site, policy: EventPolicy = EVERYTHING, *, since: ModSeq = NO_MODSEQ) -> list[Members]:
    """As a receiver reads it, without what differs from run to run."""
    told = [json.loads(each.payload(1 << 20)) for each in await notifications(site, policy, since=since)]
    for members in told:
        assert members.pop("pid") > 0
        assert members.pop("serverFQDN") == "mail.example.org"
        assert members.pop("vnd.angarium.eventId")
    return told


def only(policy: EventPolicy, *parameters: EventParameter) -> EventPolicy:
    return replace(policy, parameters=frozenset(parameters))


BARE = only(EVERYTHING)


async def test_a_new_message_says_all_that_is_asked_for(site: Site) -> None:
    since = (await site.engine.state(site.account)).modseq
    draft = Draft(b"Subject: x\r\n\r\nT\xc3\xa4xt\r\n", Flags.of(["\\Flagged", "$Two"]))
    added = await site.add(site.inbox, draft)
    (members,) = await said(site, since=since)
    row = await site.row(site.inbox)
    (message,) = await site.messages(site.inbox)
    assert datetime.fromisoformat(members.pop("timestamp")).timestamp() == START_S
    assert members == {
        "event": "MessageAppend",
        "service": "imap",
        "clientAddress": "192.0.2.7",
        "mailboxID": site.inbox,
        "uri": f"imap://mail.example.org/user/smith;UIDVALIDITY={row.uidvalidity}/;UID=1",
        "modseq": added.modseq,
        "messages": 1,
        "vnd.cmu.unseenMessages": 1,
        "uidnext": 2,
        "vnd.cmu.midset": ["NIL"],
        "user": "smith",
        "messageSize": len(draft.octets),
        "flagNames": "\\Flagged $Two",
        "vnd.cmu.emailid": f"M{message.email_id:016x}",
        "vnd.cmu.threadid": f"T{message.thread_id:016x}",
        "vnd.cmu.envelope": "(envelope)",
        "bodyStructure": "(bodystructure)",
        "messageContent": "Subject: x\r\n\r\nTäxt\r\n",
        "vnd.cmu.mbtype": "e",
        "vnd.cmu.mailboxACL": row.acl,
        "vnd.cmu.sessionId": "session-1",
    }


async def test_nothing_is_said_that_is_not_asked_for(site: Site) -> None:
    since = (await site.engine.state(site.account)).modseq
    await site.add(site.inbox, Draft())
    (members,) = await said(site, BARE, since=since)
    assert set(members) == {"event", "mailboxID", "uri", "user"}


async def test_a_delivery_is_the_owners_and_else_it_is_who_did_it(site: Site) -> None:
    since = (await site.engine.state(site.account)).modseq
    async with AsyncExitStack() as exits:
        add = await site.add_command(exits, site.inbox, Draft())
        await site.engine.write(site.account, replace(add, author=LMTP))
    await site.engine.write(site.account, Expunge(site.inbox, LMTP, only_deleted=False))
    await site.add(site.inbox, Draft())
    await site.engine.write(site.account, Expunge(site.inbox, EXPIRE, only_deleted=False))
    told = await said(site, BARE, since=since)
    assert [(members["event"], members["user"]) for members in told] == [
        ("MessageNew", "smith"),
        ("MessageExpunge", "anonymous"),
        ("MessageAppend", "smith"),
        ("MessageExpire", ""),
    ]


async def test_flags_that_others_changed_since_are_not_said_of_a_new_message(site: Site) -> None:
    since = (await site.engine.state(site.account)).modseq
    await site.add(site.inbox, Draft(flags=Flags.of(["\\Flagged"])))
    new = Flags.of(["\\Answered"])
    await site.engine.write(site.account, StoreFlags(site.inbox, UidSet(((1, 1),)), FlagOperation.ADD, new, AUTHOR))
    append, store = await said(site, only(EVERYTHING, EventParameter.FLAGNAMES), since=since)
    assert "flagNames" not in append
    assert (store["event"], store["flagNames"], store["uidset"]) == ("FlagsSet", "\\Answered", "1")


async def test_flags_may_be_left_out(site: Site) -> None:
    policy = replace(BARE, excluded_flags=frozenset({"\\seen", "$junk"}))
    await site.add(site.inbox, Draft())
    since = (await site.engine.state(site.account)).modseq
    new = Flags.of(["\\Seen", "$Junk", "$Two"])
    await site.engine.write(site.account, StoreFlags(site.inbox, UidSet(((1, 1),)), FlagOperation.ADD, new, AUTHOR))
    found = await notifications(site, policy, since=since)
    assert [(each.name, each.members["flagNames"]) for each in found] == [(EventName.FLAGS_SET, "$Two")]
    # Its id does not depend on what is told.
    (same,) = [each for each in await notifications(site, since=since) if each.name is EventName.FLAGS_SET]
    assert same.id == found[0].id


@pytest.mark.parametrize(
    ("excluded", "told"),
    [(frozenset({"\\junk"}), 1), (frozenset({"all"}), 1), (frozenset({"\\sent"}), 2), (frozenset[str](), 2)],
)
async def test_mailboxes_may_be_left_out(site: Site, excluded: frozenset[str], told: int) -> None:
    junk = site.new_mailbox("junk", special_use="\\Junk")
    await site.engine.write(site.account, CreateMailboxes((junk,), AUTHOR))
    since = (await site.engine.state(site.account)).modseq
    for mailbox in (site.inbox, junk.id):
        await site.add(mailbox, Draft())
    assert len(await said(site, replace(BARE, excluded_uses=excluded), since=since)) == told


async def test_events_that_are_off_are_not_told(site: Site) -> None:
    policy = replace(BARE, events=frozenset({EventName.MESSAGE_EXPUNGE}))
    await site.add(site.inbox, Draft())
    await site.engine.write(site.account, Expunge(site.inbox, AUTHOR, only_deleted=False))
    assert [members["event"] for members in await said(site, policy)] == ["MessageExpunge"]


async def test_copies_and_moves(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(site.inbox, Draft(), Draft())
    since = (await site.engine.state(site.account)).modseq
    for is_move in (False, True):
        command = CopyMessages(site.inbox, UidSet(((2, 2),)), work, AUTHOR, move=is_move)
        await site.engine.write(site.account, command)
    inbox, target = (await site.row(site.inbox)).uidvalidity, (await site.row(work)).uidvalidity
    assert await said(site, BARE, since=since) == [
        {
            "event": name,
            "oldMailboxID": f"imap://mail.example.org/user/smith;UIDVALIDITY={inbox}",
            "vnd.cmu.oldUidset": "2",
            "mailboxID": work,
            "uri": f"imap://mail.example.org/user/smith/work;UIDVALIDITY={target}",
            "uidset": uid,
            "user": "smith",
        }
        for name, uid in (("vnd.cmu.MessageCopy", "1"), ("vnd.cmu.MessageMove", "2"))
    ]


async def test_mailboxes_come_change_their_names_and_go(site: Site) -> None:
    since = (await site.engine.state(site.account)).modseq
    work, sub = await site.create("Wörk", "Wörk.sub")
    uidvalidity = (await site.row(work)).uidvalidity
    renames = (MailboxRename(work, "play"), MailboxRename(sub, "play.sub"))
    await site.engine.write(site.account, RenameMailboxes(renames, AUTHOR))
    await site.engine.write(site.account, RenameMailboxes((MailboxRename(work, "play.6553F100", START_S),), AUTHOR))
    await site.engine.write(site.account, EraseMailboxes((work, sub), AUTHOR))
    top = "imap://mail.example.org/user/smith"
    told = await said(site, BARE, since=since)
    assert [(members["event"], members["uri"].split(";")[0]) for members in told] == [
        ("MailboxCreate", f"{top}/W%C3%B6rk/sub"),
        ("MailboxRename", f"{top}/play"),
        ("MailboxDelete", f"{top}/play"),
        ("MailboxDelete", f"{top}/play/sub"),
    ]
    assert told[1]["oldMailboxID"] == f"{top}/W%C3%B6rk;UIDVALIDITY={uidvalidity}"
    assert told[2]["uri"] == f"{top}/play;UIDVALIDITY={uidvalidity}"


async def test_a_deleted_mailbox_that_comes_back_was_called_by_its_deleted_name(site: Site) -> None:
    (work,) = await site.create("work")
    await site.engine.write(site.account, RenameMailboxes((MailboxRename(work, "work.6553F100", START_S),), AUTHOR))
    since = (await site.engine.state(site.account)).modseq
    await site.engine.write(site.account, RenameMailboxes((MailboxRename(work, "again"),), AUTHOR))
    (members,) = await said(site, BARE, since=since)
    assert members["event"] == "MailboxRename"
    assert "/DELETED/user/smith/work/6553F100;" in members["oldMailboxID"]
    assert "/user/smith/again;" in members["uri"]


async def test_renaming_an_inbox_is_a_rename_and_a_move(site: Site) -> None:
    await site.add(site.inbox, Draft())
    since = (await site.engine.state(site.account)).modseq
    await site.engine.write(site.account, RenameInbox(site.inbox, site.new_mailbox("old"), AUTHOR))
    told = await said(site, BARE, since=since)
    assert [members["event"] for members in told] == ["MailboxRename", "vnd.cmu.MessageMove"]
    assert told[0]["oldMailboxID"].endswith("/user/smith")
    assert "/user/smith/old;" in told[0]["uri"]


async def test_a_user_gets_another_name(site: Site) -> None:
    since = (await site.engine.state(site.account)).modseq
    await site.engine.write(site.account, SetAccountName("user.jones", AUTHOR))
    await site.engine.rename_account(site.account, "user.jones")
    (members,) = await said(site, BARE, since=since)
    assert members["event"] == "MailboxRename"
    assert members["oldMailboxID"].endswith("/user/smith")
    assert members["uri"].endswith("/user/jones")


async def test_a_mailbox_that_comes_from_another_account_was_called_as_there(site: Site) -> None:
    (work,) = await site.create("work")
    board = await site.engine.create_account("board")
    await site.engine.write(board, CreateMailboxes((site.new_mailbox(""),), AUTHOR))
    since = (await site.engine.state(board)).modseq
    move = MoveMailboxes(site.account, board, (MailboxMove(work, "new"),), AUTHOR, target_has_owner=False)
    await site.engine.move_mailboxes(move)
    (told,) = await notifications(site, BARE, since=since, account=board)
    assert told.name is EventName.MAILBOX_RENAME
    assert str(told.members["oldMailboxID"]).endswith("/user/smith/work")
    assert "/board/new;" in str(told.members["uri"])
    assert not [each for each in await notifications(site, BARE) if each.name is EventName.MAILBOX_RENAME]


async def test_subscriptions_rights_and_quota(site: Site) -> None:
    await site.add(site.inbox, Draft(b"x" * 1500))
    since = (await site.engine.state(site.account)).modseq
    await site.engine.write(site.account, Subscribe("board.news", AUTHOR))
    await site.engine.write(site.account, Subscribe("board.news", AUTHOR, subscribed=False))
    await site.engine.write(site.account, SetAcl(site.inbox, "ann\tlr\t", 1, AUTHOR))
    await site.engine.write(site.account, SetQuota("", {QuotaResource.STORAGE: 1, QuotaResource.MESSAGE: 9}, AUTHOR))
    await site.engine.write(site.account, Expunge(site.inbox, AUTHOR, only_deleted=False))
    told = await said(site, only(EVERYTHING, EventParameter.DISKUSED), since=since)
    names = [members["event"] for members in told]
    assert names[:2] == ["MailboxSubscribe", "MailboxUnSubscribe"]
    assert names[2:] == ["AclChange", "AclChange", "QuotaChange", "MessageExpunge", "QuotaWithin"]
    subscribe, _, taken, given, quota, _, within = told
    assert subscribe == {"event": names[0], "uri": "imap://mail.example.org/board/news", "user": "smith"}
    assert (taken["aclSubject"], taken["aclRights"]) == ("smith", "")
    assert (given["aclSubject"], given["aclRights"]) == ("ann", "lr")
    for members in (quota, within):
        assert (members["diskQuota"], members["diskUsed"], members["maxMessages"], members["messages"]) == (1, 0, 9, 0)
        assert members["uri"] == "imap://mail.example.org/user/smith"
        assert members["user"] == "smith"


async def test_what_is_gone_is_told_as_far_as_it_is_known(site: Site) -> None:
    (work,) = await site.create("work")
    since = (await site.engine.state(site.account)).modseq
    await site.add(work, Draft())
    uidvalidity = (await site.row(work)).uidvalidity
    await site.engine.write(site.account, EraseMailboxes((work,), AUTHOR))
    append, delete = await said(site, since=since)
    assert append["uri"] == f"imap://mail.example.org/user/smith/work;UIDVALIDITY={uidvalidity}/;UID=1"
    assert not {"messages", "messageSize", "messageContent"} & append.keys()
    assert delete["mailboxID"] == work


async def test_contents_are_as_large_as_they_may_be(site: Site) -> None:
    since = (await site.engine.state(site.account)).modseq
    await site.add(site.inbox, Draft(b"A: b\r\n\r\nBody of it\r\n"))
    policy = only(EVERYTHING, EventParameter.MESSAGECONTENT)
    found = {}
    for mode in ContentMode:
        sized = replace(policy, content_mode=mode, content_octets=6)
        (members,) = await said(site, sized, since=since)
        found[mode.value] = members.get("messageContent")
    assert found == {
        "standard": None,
        "message": "A: b\r\n",
        "header": "A: b\r\n",
        "body": "Body o",
        "headerbody": "A: b\r\n\r\nBody o",
    }


async def test_starting_anew_says_of_whom_and_up_to_where(site: Site) -> None:
    describer = Describer(site.engine, EVERYTHING, site.account, since=NO_MODSEQ)
    told = describer.start_anew(ModSeq(12), "user.smith", START_S)
    assert told.id == f"{site.account}.12.pruned"
    assert (told.user, told.mailbox) == ("smith", "user/smith")
    assert (told.members["event"], told.members["modseq"]) == ("vnd.angarium.StartAnew", 12)
