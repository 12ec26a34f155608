"""What scripts see of events, and what comes of it (RFC 6785 §2 to §5)."""

import logging
from contextlib import closing
from dataclasses import replace

import pytest
from tests.lmtp.post import settings
from tests.operations.delivery.office import MAIL, mail
from tests.operations.imapsieve.stage import Stage, script
from tests.operations.messages.conftest import World

from angarium.engine.commands import Author, FlagOperation, StoreFlags
from angarium.engine.delivery import MarkKind
from angarium.errors import DiskFull
from angarium.flags import Flags
from angarium.operations.scripts import allowed_extensions
from angarium.sequenceset import UidSet
from angarium.store.annotations import SCRIPT_OF_EVENTS

TELL = """
foreverypart { break; }
if environment :matches "imap.cause" "*" { set "cause" "${1}"; }
if environment :matches "imap.user" "*" { set "user" "${1}"; }
if environment :matches "imap.email" "*" { set "email" "${1}"; }
if environment :matches "imap.mailbox" "*" { set "mailbox" "${1}"; }
if environment :matches "imap.changedflags" "*" { set "flags" "${1}"; }
if environment :matches "location" "*" { set "location" "${1}"; }
if environment :matches "phase" "*" { set "phase" "${1}"; }
if environment :matches "remote-ip" "*" { set "ip" "${1}"; }
log "${cause}|${user}|${email}|${mailbox}|${flags}|${location}|${phase}|${ip}";
"""


@pytest.fixture
def stage(world: World) -> Stage:
    return Stage.open(world)


@pytest.fixture
def quick(memory_world: World) -> Stage:
    return Stage.open(memory_world)


async def told(stage: Stage, caplog: pytest.LogCaptureFixture, mailbox: str = "user.alice") -> list[str]:
    caplog.clear()
    with caplog.at_level(logging.INFO):
        await stage.catch_up(mailbox)
    return [record.__dict__["text"] for record in caplog.records if record.message == "script_logged"]


# Occasions


async def test_a_message_that_was_appended_runs_the_script_of_its_mailbox(stage: Stage) -> None:
    await stage.run_script('addflag "Filtered";')
    uid = await stage.append()
    await stage.catch_up()
    assert await stage.flags() == {uid: {"Filtered"}}


async def test_a_copy_within_the_account_runs_that_of_the_target(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.run_script(TELL, "vnd.cyrus.log", "foreverypart", "mime", mailbox="user.alice.work")
    uids = [await stage.append(), await stage.append()]
    await stage.copy("user.alice", "user.alice.work", *uids)
    expected = "COPY|alice|alice@mail.example.org|work||MS|post|192.0.2.7"
    assert await told(stage, caplog) == [expected, expected]


async def test_a_move_is_a_copy_and_changes_no_flags(quick: Stage, caplog: pytest.LogCaptureFixture) -> None:
    for mailbox in ("user.alice", "user.alice.work"):
        await quick.run_script(TELL, "vnd.cyrus.log", "foreverypart", "mime", mailbox=mailbox)
    uid = await quick.append()
    assert [line.partition("|")[0] for line in await told(quick, caplog)] == ["APPEND"]
    await quick.copy("user.alice", "user.alice.work", uid, moves=True)
    assert [line.split("|")[:4:3] for line in await told(quick, caplog)] == [["COPY", "work"]]


@pytest.mark.parametrize("moves", [False, True], ids=["copy", "move"])
async def test_a_copy_from_another_account_is_a_copy(
    stage: Stage, caplog: pytest.LogCaptureFixture, moves: bool
) -> None:
    await stage.run_script(TELL, "vnd.cyrus.log", "foreverypart", "mime")
    uid = await stage.append("board")
    await stage.copy("board", "user.alice", uid, moves=moves)
    (line,) = await told(stage, caplog)
    assert line.startswith("COPY|alice|")


async def test_what_a_copy_from_another_account_took_back_is_no_occasion(quick: Stage) -> None:
    await quick.run_script('redirect :copy "bob@example.net";')
    uid = await quick.append("board")
    await quick.copy("board", "user.alice", uid)
    await quick.copy("user.alice", "user.alice.work", 1, moves=True)
    await quick.catch_up()
    assert await quick.office.queue() == []


@pytest.mark.parametrize(
    ("operation", "flags", "expected"),
    [
        (FlagOperation.ADD, ["\\Flagged", "Work"], "\\Flagged Work"),
        (FlagOperation.REMOVE, ["\\Answered"], "\\Answered"),
        (FlagOperation.REPLACE, ["\\Seen"], "\\Answered \\Seen"),
    ],
    ids=["set", "reset", "replaced"],
)
async def test_changed_flags_are_named_whether_set_or_reset(
    stage: Stage, caplog: pytest.LogCaptureFixture, operation: FlagOperation, flags: list[str], expected: str
) -> None:
    await stage.run_script(TELL, "vnd.cyrus.log", "foreverypart", "mime")
    uid = await stage.append(flags=["\\Answered"])
    await stage.catch_up()
    await stage.flag("user.alice", uid, *flags, operation=operation)
    (line,) = await told(stage, caplog)
    assert line == f"FLAG|alice|alice@mail.example.org|INBOX|{expected}|MS|post|192.0.2.7"


async def test_a_flag_that_was_set_already_is_no_change(quick: Stage, caplog: pytest.LogCaptureFixture) -> None:
    await quick.run_script(TELL, "vnd.cyrus.log", "foreverypart", "mime")
    uid = await quick.append(flags=["\\Flagged"])
    await quick.catch_up()
    await quick.flag("user.alice", uid, "\\Flagged")
    assert await told(quick, caplog) == []


async def test_flags_are_those_behind_the_change_that_is_told_of(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.run_script('if hasflag "\\\\Flagged" { log "set"; } else { log "reset"; }', "vnd.cyrus.log")
    uid = await stage.append()
    await stage.catch_up()
    await stage.flag("user.alice", uid, "\\Flagged")
    await stage.flag("user.alice", uid, "\\Flagged", operation=FlagOperation.REMOVE)
    assert await told(stage, caplog) == ["set", "reset"]


async def test_what_another_user_has_seen_is_her_own(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    await stage.world.set_acl("user.alice", "alice\tlrswipkxtea\tbob\tlrswite\t")
    text = """
    if environment :matches "imap.user" "*" { set "user" "${1}"; }
    if hasflag "\\\\Seen" { log "${user} has seen it"; } else { log "${user} has not"; }
    """
    await stage.run_script(text, "vnd.cyrus.log")
    uid = await stage.append()
    bob = stage.world.bob
    await stage.flag("user.alice", uid, "\\Seen", by=bob)
    await stage.flag("user.alice", uid, "\\Flagged", by=bob)
    await stage.flag("user.alice", uid, "\\Answered")
    await stage.flag("user.alice", uid, "\\Seen", by=bob, operation=FlagOperation.REMOVE)
    lines = await told(stage, caplog)
    assert lines[0] == "alice has not"
    assert lines[1] == "bob has seen it"
    assert lines[3:] == ["alice has not", "bob has not"]


@pytest.mark.parametrize("client", ["lmtp 192.0.2.7", "imapsieve", "sieve", "cyr_expire", ""])
async def test_what_nobody_did_in_imap_is_no_occasion(quick: Stage, client: str) -> None:
    await quick.run_script('addflag "Filtered";')
    uid = await quick.append()
    await quick.catch_up()
    uids = UidSet.from_numbers([uid])
    command = StoreFlags(
        quick.world.mailboxes["user.alice"], uids, FlagOperation.REPLACE, Flags.of(["\\Seen"]), Author("alice", client)
    )
    await quick.world.engine.write(quick.world.account_of("user.alice"), command)
    await quick.catch_up()
    assert await quick.flags() == {uid: {"\\Seen"}}


async def test_a_delivery_is_no_occasion_and_has_no_items(quick: Stage) -> None:
    await quick.run_script('addflag "Filtered";')
    active = """require ["environment", "imap4flags"];
    if allof (environment "imap.user" "", environment "imap.email" "", environment "imap.changedflags" "")
    { addflag "Delivered"; }"""
    await quick.office.script("alice", active, name="active")
    await quick.office.send("alice@example.org")
    await quick.catch_up()
    assert await quick.flags() == {1: {"Delivered"}}


async def test_what_a_script_does_runs_no_script(stage: Stage) -> None:
    """RFC 6785 §2.2.3, §2.2.4, §6."""
    for mailbox, other in (("user.alice", "work"), ("user.alice.work", "INBOX")):
        text = f'addflag "Filtered"; keep; fileinto :copy "{other}";'
        await stage.run_script(text, mailbox=mailbox, name=mailbox)
    uid = await stage.append()
    for _ in range(3):
        await stage.catch_up()
    assert await stage.flags() == {uid: {"Filtered"}}
    assert await stage.flags("user.alice.work") == {1: {"Filtered"}}


# Which script


async def test_an_empty_or_unknown_name_runs_nothing_and_not_that_of_the_server(quick: Stage) -> None:
    await quick.office.world.engine.put_site_script("everywhere", script('addflag "Everywhere";').encode())
    await quick.world.engine.set_server_annotations({SCRIPT_OF_EVENTS: b"everywhere"})
    quick.everywhere_since_s = quick.world.sources.time_s
    for name in (b"", b"nothing"):
        await quick.office.annotate("user.alice", SCRIPT_OF_EVENTS, name)
        await quick.append()
        await quick.catch_up()
        assert not any((await quick.flags()).values())
    await quick.office.annotate("user.alice", SCRIPT_OF_EVENTS, None)
    uid = await quick.append()
    await quick.catch_up()
    assert (await quick.flags())[uid] == {"Everywhere"}


async def test_the_servers_counts_from_when_it_was_set(quick: Stage) -> None:
    await quick.office.world.engine.put_site_script("everywhere", script('addflag "Everywhere";').encode())
    await quick.world.engine.set_server_annotations({SCRIPT_OF_EVENTS: b"everywhere"})
    first = await quick.append()
    quick.world.sources.time_s += 10
    quick.everywhere_since_s = quick.world.sources.time_s
    second = await quick.append()
    await quick.catch_up()
    assert await quick.flags() == {first: set(), second: {"Everywhere"}}


async def test_an_accounts_script_stands_before_the_sites(quick: Stage) -> None:
    await quick.office.world.engine.put_site_script("events", script('addflag "Site";').encode())
    await quick.run_script('addflag "Own";')
    uid = await quick.append()
    await quick.catch_up()
    assert await quick.flags() == {uid: {"Own"}}


async def test_what_happened_before_the_script_was_named_is_no_occasion(quick: Stage) -> None:
    first = await quick.append()
    await quick.run_script('addflag "Filtered";')
    quick.positions.clear()
    second = await quick.append()
    await quick.catch_up()
    assert await quick.flags() == {first: set(), second: {"Filtered"}}


async def test_a_script_of_a_shared_mailbox_runs_for_whoever_does_something_there(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.world.engine.put_site_script("board", script(TELL, "vnd.cyrus.log", "foreverypart", "mime").encode())
    await stage.office.annotate("board", SCRIPT_OF_EVENTS, b"board")
    await stage.append("board", by=stage.world.bob)
    (line,) = await told(stage, caplog, "board")
    assert line.startswith("APPEND|bob|bob@mail.example.org|Shared Folders/board|")


# Actions


async def test_filing_a_message_that_was_appended_puts_it_there_as_well_and_marks_it_as_deleted(stage: Stage) -> None:
    await stage.run_script('fileinto :flags "Filed" "work";')
    uid = await stage.append(flags=["\\Seen"])
    await stage.catch_up()
    assert await stage.flags() == {uid: {"\\Seen", "\\Deleted"}}
    assert await stage.flags("user.alice.work") == {1: {"Filed"}}
    assert await stage.world.octets("user.alice.work", 1) == await stage.world.octets("user.alice", uid)


@pytest.mark.parametrize("text", ['fileinto :copy "work";', 'fileinto "work"; keep;'])
async def test_with_a_keep_the_original_stays_as_it_is(quick: Stage, text: str) -> None:
    await quick.run_script(text)
    uid = await quick.append(flags=["\\Seen"])
    await quick.catch_up()
    assert await quick.flags() == {uid: {"\\Seen"}}
    assert await quick.flags("user.alice.work") == {1: {"\\Seen"}}


async def test_filing_into_the_same_mailbox_makes_a_new_message(quick: Stage) -> None:
    await quick.run_script('fileinto "INBOX";')
    uid = await quick.append()
    await quick.catch_up()
    assert await quick.flags() == {uid: {"\\Deleted"}, uid + 1: set()}


async def test_a_copy_is_the_same_message_for_clients_that_know_it(quick: Stage) -> None:
    await quick.run_script('fileinto :copy "work";')
    await quick.append()
    await quick.catch_up()
    account = quick.world.account_of("user.alice")
    found = [
        (await quick.world.engine.messages(account, quick.world.mailboxes[name])).columns
        for name in ("user.alice", "user.alice.work")
    ]
    for column in ("email_id", "thread_id", "date_s", "zone_min"):
        assert getattr(found[0], column).tolist() == getattr(found[1], column).tolist(), column


async def test_filing_into_anothers_mailbox_is_done_with_the_rights_of_whose_script_it_is(stage: Stage) -> None:
    await stage.world.set_acl("user.alice", "alice\tlrswipkxtea\tbob\tlrswite\t")
    await stage.run_script('fileinto :copy "Other Users/bob"; fileinto :copy "Shared Folders/board";')
    uid = await stage.append(by=stage.world.bob)
    await stage.catch_up()
    assert (await stage.flags())[uid] == set()
    assert await stage.flags("user.bob") == {}
    assert await stage.flags("board") == {}
    await stage.run_script('fileinto :copy "Shared Folders/board";')
    await stage.append(by=stage.world.bob)
    await stage.catch_up()
    assert await stage.flags("board") == {1: set()}


async def test_discard_marks_as_deleted_unless_kept(quick: Stage) -> None:
    await quick.run_script('if header :contains "Subject" "wanted" { keep; } discard;')
    first = await quick.append(octets=MAIL)
    second = await quick.append(octets=MAIL.replace(b"To all", b"wanted"))
    await quick.catch_up()
    assert await quick.flags() == {first: {"\\Deleted"}, second: set()}


async def test_a_redirect_is_sent_as_the_owners_and_once_for_each_occasion(stage: Stage) -> None:
    await stage.run_script('redirect :copy "items@example.net";')
    uid = await stage.append(octets=MAIL)
    await stage.copy("user.alice", "user.alice", uid)
    await stage.catch_up()
    sent = await stage.office.queue()
    assert [(row.sender, row.recipients) for row in sent] == 2 * [("alice@mail.example.org", ("items@example.net",))]
    assert not any((await stage.flags()).values())


async def test_a_redirect_without_copy_marks_as_deleted(quick: Stage) -> None:
    await quick.run_script('redirect "items@example.net";')
    uid = await quick.append(octets=MAIL)
    await quick.catch_up()
    assert await quick.flags() == {uid: {"\\Deleted"}}
    assert len(await quick.office.queue()) == 1


async def test_changes_of_the_message_go_with_copies_alone(stage: Stage) -> None:
    text = 'addheader "X-Filed" "yes"; fileinto :copy "work"; redirect :copy "items@example.net"; keep;'
    await stage.run_script(text)
    uid = await stage.append(octets=MAIL)
    await stage.catch_up()
    assert await stage.world.octets("user.alice", uid) == MAIL
    assert b"X-Filed: yes\r\n" in await stage.world.octets("user.alice.work", 1)
    assert await stage.flags() == {uid: set()}
    (row,) = await stage.office.queue()
    file = await stage.world.engine.open_dispatch(stage.world.account_of("user.alice"), row.number)
    with closing(file):
        assert b"X-Filed: yes\r\n" in await file.read(0, file.size_octets)


async def test_parts_are_replaced_in_copies_alone(quick: Stage) -> None:
    text = 'replace "Nothing to see."; fileinto :copy "work";'
    await quick.run_script(text, "replace", "mime", "foreverypart")
    uid = await quick.append(octets=MAIL)
    await quick.catch_up()
    assert await quick.world.octets("user.alice", uid) == MAIL
    assert b"Nothing to see." in await quick.world.octets("user.alice.work", 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('setflag "Only";', {"Only"}),
        ('addflag "\\\\Flagged";', {"\\Seen", "Old", "\\Flagged"}),
        ('removeflag ["\\\\Seen", "old"];', set()),
        ('keep :flags ["\\\\Seen", "New"];', {"\\Seen", "New"}),
        ("keep;", {"\\Seen", "Old"}),
        ("stop;", {"\\Seen", "Old"}),
    ],
)
async def test_flags_of_the_script_become_those_of_the_message(quick: Stage, text: str, expected: set[str]) -> None:
    await quick.run_script(text)
    uid = await quick.append(flags=["\\Seen", "Old"])
    await quick.catch_up()
    assert await quick.flags() == {uid: expected}


async def test_flags_are_set_as_far_as_the_rights_of_the_user_go(stage: Stage) -> None:
    await stage.world.set_acl("user.alice", "alice\tlrswipkxtea\tbob\tlrsi\t")
    await stage.run_script('addflag ["\\\\Seen", "\\\\Flagged", "Work"];')
    uid = await stage.append(by=stage.world.bob)
    await stage.catch_up()
    assert await stage.flags() == {uid: set()}  # what she has seen is her own
    mailbox = stage.world.mailboxes["user.alice"]
    assert stage.world.bob.account is not None
    seen = await stage.world.engine.seen(stage.world.account_of("user.alice"), mailbox, stage.world.bob.account)
    assert seen is not None
    assert seen.uids == str(uid)


async def test_a_flag_that_was_set_meanwhile_stays(quick: Stage) -> None:
    await quick.run_script('if environment "imap.changedflags" "One" { setflag "Two"; }')
    uid = await quick.append()
    await quick.catch_up()
    await quick.flag("user.alice", uid, "One")
    await quick.flag("user.alice", uid, "Meanwhile")
    await quick.catch_up()
    assert await quick.flags() == {uid: {"Two", "Meanwhile"}}


async def test_a_message_that_is_gone_again_is_sent_on_all_the_same(stage: Stage) -> None:
    await stage.run_script('redirect :copy "archive@example.net"; addflag "Filtered";')
    uid = await stage.append()
    await stage.copy("user.alice", "user.alice.work", uid, moves=True)
    await stage.catch_up()
    assert len(await stage.office.queue()) == 1


# Failures


@pytest.mark.parametrize(
    ("requires", "text", "reason"),
    [
        ('"vacation"', 'vacation "Away.";', '"vacation" is for mail that is delivered'),
        ('"reject"', 'reject "No.";', '"reject" is for mail that is delivered'),
        ('"ereject"', "keep;", '"ereject" is for mail that is delivered'),
        ('"ihave"', 'if ihave "vacation" { vacation "Away."; }', '"vacation" is for mail that is delivered'),
        ('"envelope"', 'if envelope "from" "" { discard; }', "no envelope"),
        ('"fileinto"', 'discard; fileinto "nowhere";', "fileinto 'nowhere'"),
        ('["include", "imapsieve"]', 'include "away"; discard;', '"vacation" is for mail that is delivered'),
        ('["imapsieve", "vacation"]', "discard;", "cannot be required beside"),
    ],
)
async def test_what_is_not_for_events_ends_the_script_and_leaves_the_message_as_it_is(
    quick: Stage, caplog: pytest.LogCaptureFixture, requires: str, text: str, reason: str
) -> None:
    await quick.run_script("")
    await quick.office.script("alice", 'require "vacation"; keep;', name="away", activate=False)
    await quick.office.script("alice", f"require {requires};\n{text}", name="events", activate=False)
    first, second = await quick.append(flags=["\\Seen"]), await quick.append()
    await quick.catch_up()
    flags = await quick.flags()
    assert [flags[first], flags[second]] == [{"\\Seen"}, set()]
    failures = [record.__dict__["reason"] for record in caplog.records if record.message == "script_failed"]
    assert len(failures) == 2
    assert reason in failures[0]
    # The owner is told once a day.
    assert len(flags) == 3
    notice = await quick.world.octets("user.alice", max(flags))
    assert b"left as it is" in notice
    assert b"in INBOX." in notice


async def test_what_there_is_no_room_for_is_left_out_as_a_whole(stage: Stage) -> None:
    await stage.run_script('fileinto "work"; redirect "items@example.net";')
    uid = await stage.append()
    await stage.world.set_quota("user.alice", 0)
    await stage.catch_up()
    flags = await stage.flags()
    assert flags.pop(uid) == set()
    assert len(flags) == 1  # the notice
    assert await stage.flags("user.alice.work") == {}
    assert await stage.office.queue() == []


# Once


async def test_who_reads_the_log_again_after_a_crash_does_nothing_twice(stage: Stage) -> None:
    await stage.run_script(
        'fileinto :copy "work"; fileinto :copy "Shared Folders/board"; redirect :copy "items@example.net";'
    )
    await stage.append()
    await stage.append()
    for _ in range(2):
        await stage.catch_up(forgets=True)
    assert len(await stage.flags("user.alice.work")) == 2
    assert len(await stage.flags("board")) == 2
    assert len(await stage.office.queue()) == 2


async def test_a_crash_between_filing_and_flags_loses_no_flags(quick: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await quick.run_script('fileinto "work";')
    uid = await quick.append()
    write_batch = quick.world.engine.write_batch

    async def crashing(account: object, commands: list[object]) -> object:
        if any(isinstance(command, StoreFlags) for command in commands):
            raise DiskFull("now")
        return await write_batch(account, commands)  # type: ignore[arg-type]

    monkeypatch.setattr(quick.world.engine, "write_batch", crashing)
    with pytest.raises(DiskFull):
        await quick.catch_up()
    monkeypatch.undo()
    await quick.catch_up()
    assert await quick.flags() == {uid: {"\\Deleted"}}
    assert await quick.flags("user.alice.work") == {1: set()}


async def test_many_messages_of_one_copy_are_each_an_occasion(stage: Stage) -> None:
    await stage.run_script('addflag "Filtered";', mailbox="user.alice.work")
    uids = [await stage.append(octets=mail(f"{number}@example.net")) for number in range(70)]
    await stage.copy("user.alice", "user.alice.work", *uids)
    await stage.catch_up()
    assert await stage.flags("user.alice.work") == {uid: {"Filtered"} for uid in range(1, 71)}


async def test_what_has_no_effect_leaves_no_mark(quick: Stage) -> None:
    await quick.run_script('addflag "Filtered";')
    await quick.append()
    await quick.catch_up()
    assert await quick.world.engine.list_marks(quick.world.account_of("user.alice"), MarkKind.TRACKED) == []


def test_with_the_option_off_no_script_can_ask_for_events() -> None:
    assert "imapsieve" in allowed_extensions(settings().sieve)
    assert "imapsieve" not in allowed_extensions(settings("imapsieve: no").sieve)


# The examples of RFC 6785 §5


async def test_example_1_of_the_rfc(stage: Stage) -> None:
    await stage.office.script(
        "alice",
        """
     require ["copy", "environment", "imapsieve"];

     if anyof (environment :is "imap.cause" "APPEND",
               environment :is "imap.cause" "COPY")  {
         if environment :is "imap.mailbox" "ActionItems" {
             redirect :copy "actionitems@example.com";
         }
     }
     """,
        name="items",
        activate=False,
    )
    await stage.world.create("user.alice.ActionItems", "alice\tlrswipkxtea\t")
    for mailbox in ("user.alice", "user.alice.ActionItems"):
        await stage.office.annotate(mailbox, SCRIPT_OF_EVENTS, b"items")
    uid = await stage.append()
    await stage.copy("user.alice", "user.alice.ActionItems", uid)
    await stage.flag("user.alice.ActionItems", 1, "\\Seen")
    await stage.append("user.alice.ActionItems")
    await stage.catch_up()
    assert [row.recipients for row in await stage.office.queue()] == 2 * [("actionitems@example.com",)]


async def test_example_2_of_the_rfc_by_a_method_that_there_is(stage: Stage) -> None:
    await stage.office.script(
        "alice",
        """
     require ["enotify", "imap4flags", "variables",
              "environment", "imapsieve"];

     if environment :matches "imap.mailbox" "*" {
         set "mailbox" "${1}";
     }

     if allof (hasflag "\\\\Flagged",
               environment :contains "imap.changedflags" "\\\\Flagged") {
       notify :message "Important message in ${mailbox}"
           "mailto:tim@example.com?subject=SIEVE";
     }
     """,
        name="important",
        activate=False,
    )
    await stage.office.annotate("user.alice", SCRIPT_OF_EVENTS, b"important")
    uid = await stage.append(flags=["\\Flagged"])
    await stage.flag("user.alice", uid, "\\Seen")
    await stage.flag("user.alice", uid, "\\Flagged", operation=FlagOperation.REMOVE)
    await stage.flag("user.alice", uid, "\\Flagged")
    await stage.catch_up()
    (row,) = await stage.office.queue()
    assert row.recipients == ("tim@example.com",)
    assert b"Important message in INBOX" in row.head


async def test_a_user_whose_rights_are_gone_changes_no_flags(quick: Stage) -> None:
    await quick.world.set_acl("user.alice", "alice\tlrswipkxtea\tbob\tlrswite\t")
    await quick.run_script('addflag "Filtered"; fileinto :copy "work";')
    uid = await quick.append(by=replace(quick.world.bob))
    await quick.world.set_acl("user.alice", "alice\tlrswipkxtea\t")
    await quick.catch_up()
    assert await quick.flags() == {uid: set()}
    assert await quick.flags("user.alice.work") == {1: {"Filtered"}}
