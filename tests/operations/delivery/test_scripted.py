"""Deliveries by scripts: what each action leads to, and that all of it is one write."""

import pytest
from tests.operations.delivery.office import MAIL, Office, mail
from tests.operations.delivery.test_deliver import where
from tests.operations.messages.conftest import World

from angarium.errors import DeliveryRefused, QuotaExceeded
from angarium.operations.delivery import Delivered, Outcome


def delivered(outcome: Outcome) -> Delivered:
    assert isinstance(outcome, Delivered), outcome
    return outcome


@pytest.mark.parametrize(
    ("script", "mailboxes"),
    [
        ("keep;", ["user.alice"]),
        ("stop;", ["user.alice"]),
        ("discard;", []),
        ('require "fileinto"; fileinto "work";', ["user.alice.work"]),
        ('require "fileinto"; fileinto "work"; keep;', ["user.alice.work", "user.alice"]),
        ('require ["fileinto","copy"]; fileinto :copy "work";', ["user.alice.work", "user.alice"]),
        ('require "fileinto"; fileinto "work"; fileinto "work";', ["user.alice.work"]),
        ('require "fileinto"; fileinto "INBOX"; keep;', ["user.alice"]),
        ('require "fileinto"; fileinto "Shared Folders/board";', ["board"]),
        ('require ["fileinto","mailbox"]; fileinto :create "lists/new";', ["user.alice.lists.new"]),
        ('require "mailbox"; if mailboxexists "work" { discard; }', []),
        ('require "mailbox"; if mailboxexists "nothing" { discard; }', ["user.alice"]),
        ('if header :contains "subject" "ALL" { discard; }', []),
        ('require "envelope"; if envelope "from" "bob@example.net" { discard; }', []),
        ('require ["envelope","subaddress"]; if envelope :detail "to" "x" { discard; }', ["user.alice"]),
    ],
)
async def test_where_a_script_files(memory_world: World, script: str, mailboxes: list[str]) -> None:
    office = Office.open(memory_world)
    await office.script("alice", script)
    (outcome,) = await office.send("alice")
    assert where(outcome) == mailboxes
    assert delivered(outcome).script_failure == ""


async def test_the_detail_is_the_scripts(memory_world: World) -> None:
    office = Office.open(memory_world)
    script = 'require ["envelope","subaddress","fileinto"]; if envelope :detail "to" "x" { fileinto "work"; }'
    await office.script("alice", script)
    assert where((await office.send("alice+x@example.org"))[0]) == ["user.alice.work"]


async def test_each_recipient_is_filtered_by_her_own_script(world: World) -> None:
    office = Office.open(world)
    await office.script("alice", 'require "fileinto"; fileinto "work";')
    await office.script("bob", "discard;")
    outcomes = await office.send("alice", "bob", "+board")
    assert [where(outcome) for outcome in outcomes] == [["user.alice.work"], [], ["board"]]
    assert await world.octets("user.alice.work", 1) == await world.octets("board", 1)


async def test_a_script_that_is_not_active_filters_nothing(memory_world: World) -> None:
    office = Office.open(memory_world)
    await office.script("alice", "discard;", activate=False)
    assert where((await office.send("alice"))[0]) == ["user.alice"]


async def test_flags_are_set_where_they_may_be(world: World) -> None:
    office = Office.open(world)
    await world.create("user.bob.open", "anyone\tlrp\tbob\tlrswipkxtea\t")
    script = (
        'require ["imap4flags","fileinto"]; addflag ["\\\\Flagged","$x","bad(flag","\\\\Bogus)"]; keep;'
        ' fileinto "Other Users/bob/open"; fileinto :flags "\\\\Seen" "work";'
    )
    await office.script("alice", script)
    (outcome,) = await office.send("alice")
    assert where(outcome) == ["user.bob.open", "user.alice", "user.alice.work"]
    assert await world.flags("user.alice") == {1: {"\\Flagged", "$x"}}
    assert await world.flags("user.alice.work") == {1: {"\\Seen"}}
    assert await world.flags("user.bob.open") == {1: set()}


async def test_of_two_ways_into_one_mailbox_the_last_flags_count(memory_world: World) -> None:
    office = Office.open(memory_world)
    script = 'require ["imap4flags","fileinto"]; keep :flags "$one"; fileinto :flags "$two" "INBOX";'
    await office.script("alice", script)
    await office.send("alice")
    assert await memory_world.flags("user.alice") == {1: {"$two"}}


async def test_a_script_is_carried_out_as_far_as_it_can_be(world: World) -> None:
    office = Office.open(world)
    await office.script("alice", 'require "fileinto"; fileinto "work"; fileinto "nothing";')
    (outcome,) = await office.send("alice")
    assert "line 1" in delivered(outcome).script_failure
    assert await world.flags("user.alice.work") == {1: set()}
    flags = await world.flags("user.alice")
    assert flags[1] == {"$SieveFailed"}
    assert len(flags) == 2, "and a notice"
    notice = await world.octets("user.alice", 2)
    assert b"Subject: Your mail filter script failed" in notice
    assert b"nothing" in notice


async def test_a_failure_is_told_once_a_day(world: World) -> None:
    office = Office.open(world)
    await office.script("alice", 'error "x";')
    for day in range(2):
        for each in range(3):
            await office.send("alice", octets=mail(f"{day}.{each}@example.net"))
        world.sources.time_s += 86_400
    messages = [await world.octets("user.alice", uid) for uid in await world.flags("user.alice")]
    assert sum(b"script failed" in message for message in messages) == 2
    assert len(messages) == 8


async def test_the_failure_of_one_concerns_no_other(memory_world: World) -> None:
    office = Office.open(memory_world)
    await office.script("alice", "nonsense;")
    outcomes = await office.send("alice", "bob")
    assert [where(outcome) for outcome in outcomes] == [["user.alice", "user.alice"], ["user.bob"]]
    assert delivered(outcomes[1]).script_failure == ""


async def test_a_rejected_message_is_refused_and_nowhere(world: World) -> None:
    office = Office.open(world)
    await office.script("alice", 'require "reject"; reject "no thanks";')
    refused, other = await office.send("alice", "bob")
    assert isinstance(refused, DeliveryRefused)
    assert refused.reason == "no thanks"
    assert where(other) == ["user.bob"]
    assert await world.flags("user.alice") == {}


@pytest.mark.parametrize("options", ["sieve_use_lmtp_reject: no", ""])
async def test_what_the_protocol_cannot_say_is_sent(world: World, options: str) -> None:
    office = Office.open(world, options)
    reason = "caf\u00e9" if not options else "no"
    await office.script("alice", f'require "reject"; reject "{reason}";')
    (outcome,) = await office.send("alice@example.org")
    assert delivered(outcome).sent == ("reject",)
    (row,) = await office.queue()
    assert (row.sender, row.recipients) == ("", ("bob@example.net",))
    assert b"disposition-notification" in row.head


async def test_what_is_refused_at_any_price_is_refused_by_the_protocol(memory_world: World) -> None:
    office = Office.open(memory_world)
    await office.script("alice", 'require "ereject"; ereject "caf\u00e9";')
    (refused,) = await office.send("alice@example.org")
    assert isinstance(refused, DeliveryRefused)
    assert refused.reason.isascii()
    assert await office.queue() == []


async def test_nobody_is_told_of_what_has_no_sender(world: World) -> None:
    office = Office.open(world, "sieve_use_lmtp_reject: no")
    await office.script("alice", 'require "reject"; reject "no";')
    (outcome,) = await office.send("alice@example.org", return_path="")
    assert delivered(outcome) == Delivered(())
    assert await office.queue() == []


async def test_a_message_is_sent_on(world: World) -> None:
    office = Office.open(world)
    await office.script("alice", 'redirect "carol@example.com";')
    (outcome,) = await office.send("alice@example.org")
    assert delivered(outcome) == Delivered((), ("redirect",))
    (row,) = await office.queue()
    assert (row.sender, row.recipients, row.has_file) == ("bob@example.net", ("carol@example.com",), True)
    assert row.message_id == "all@example.net"
    file = await world.engine.open_dispatch(world.account_of("user.alice"), row.number)
    octets = row.head + (await file.read(0, file.size_octets))[row.offset :]
    file.close()
    assert b"Return-Path" not in octets
    assert octets.startswith(b"X-Sieve")
    assert octets.endswith(MAIL)
    assert await world.flags("user.alice") == {}


async def test_what_comes_back_does_not_go_round(world: World) -> None:
    office = Office.open(world)
    await office.script("alice", 'redirect "alice@example.org";')
    for _ in range(3):
        await office.send("alice@example.org")
    assert len(await office.queue()) == 1


async def test_a_sender_is_answered_once(world: World) -> None:
    office = Office.open(world)
    await office.script("alice", 'require "vacation"; vacation :days 7 "away";')
    for each in range(3):
        await office.send("alice@example.org", octets=mail(f"{each}@example.net"))
    (row,) = await office.queue()
    assert (row.sender, row.recipients, row.purpose) == ("", ("bob@example.net",), "vacation")
    assert b"away" in row.head
    assert len(await world.flags("user.alice")) == 3
    world.sources.time_s += 7 * 86_400
    await office.send("alice@example.org", octets=mail("9@example.net"))
    assert len(await office.queue()) == 2


@pytest.mark.parametrize(
    ("octets", "return_path"),
    [
        (mail("1@x", "List-Id: <x.example.net>"), "bob@example.net"),
        (mail("1@x", "Auto-Submitted: auto-replied"), "bob@example.net"),
        (mail("1@x", "Precedence: bulk"), "bob@example.net"),
        (mail("1@x"), ""),
        (mail("1@x"), "owner-x@example.net"),
        (mail("1@x"), "MAILER-DAEMON@example.net"),
        (mail("1@x").replace(b"To: alice@", b"To: others@"), "bob@example.net"),
    ],
)
async def test_who_is_not_answered(memory_world: World, octets: bytes, return_path: str) -> None:
    office = Office.open(memory_world)
    await office.script("alice", 'require "vacation"; vacation "away";')
    (outcome,) = await office.send("alice@example.org", octets=octets, return_path=return_path)
    assert where(outcome) == ["user.alice"]
    assert await office.queue() == []


async def test_an_answer_goes_by_the_header_as_the_script_has_edited_it(memory_world: World) -> None:
    office = Office.open(memory_world)
    script = """require ["vacation", "editheader", "enclose"];
    deleteheader "Subject"; addheader "Subject" "Changed"; {} enclose :subject "Outside" "x"; vacation "away";"""
    await office.script("alice", script.replace("{}", ""))
    await office.send("alice@example.org", octets=mail("1@x"))
    (row,) = await office.queue()
    assert b"Subject: Auto: Changed\r\n" in row.head
    assert b"In-Reply-To: <1@x>\r\n" in row.head
    await office.script("alice", script.replace("{}", 'addheader "Precedence" "bulk";'))
    await office.send("alice@example.org", octets=mail("2@x"), return_path="carol@example.net")
    assert len(await office.queue()) == 1


async def test_further_addresses_of_the_user_are_hers(memory_world: World) -> None:
    office = Office.open(memory_world)
    await office.script("alice", 'require "vacation"; vacation :addresses "others@example.org" "away";')
    octets = mail("1@x").replace(b"To: alice@", b"To: others@")
    await office.send("alice@example.org", octets=octets)
    assert len(await office.queue()) == 1


async def test_an_answer_is_kept_where_the_script_says(world: World) -> None:
    office = Office.open(world)
    await office.script("alice", 'require ["vacation","fcc"]; vacation :fcc "work" "away";')
    for each in range(2):
        await office.send("alice@example.org", octets=mail(f"{each}@example.net"))
    (row,) = await office.queue()
    assert await world.octets("user.alice.work", 1) == row.head
    assert len(await world.flags("user.alice.work")) == 1


async def test_a_message_that_was_edited_has_a_file_of_its_own(world: World) -> None:
    office = Office.open(world)
    await office.script("alice", 'require ["editheader","fileinto"]; fileinto "work"; addheader "X-New" "v"; keep;')
    await office.send("alice", "+board")
    plain = await world.octets("user.alice.work", 1)
    assert plain == await world.octets("board", 1)
    edited = await world.octets("user.alice", 1)
    assert edited.count(b"X-New: v\r\n") == 1
    assert edited.replace(b"X-New: v\r\n", b"") == plain


async def test_a_duplicate_is_known_again(world: World) -> None:
    office = Office.open(world, "duplicatesuppression: no")
    await office.script("alice", 'require "duplicate"; if duplicate { discard; }')
    await office.send("alice")
    await office.send("alice")
    assert len(await world.flags("user.alice")) == 1


async def test_two_at_once_are_not_both_the_first(world: World) -> None:
    office = Office.open(world, "duplicatesuppression: no")
    await office.script("alice", 'require "duplicate"; if duplicate { discard; }')
    outcomes = await office.send("alice", "alice")
    assert [len(delivered(outcome).filed) for outcome in outcomes] == [1, 0]


async def test_over_quota_nothing_of_it_is_done(world: World) -> None:
    office = Office.open(world)
    await office.script("alice", 'require ["fileinto","copy"]; redirect :copy "carol@example.com"; fileinto "work";')
    targets = await office.resolve("alice")
    await world.set_quota("user.alice", 0)
    (outcome,) = await office.send(targets=targets)
    assert isinstance(outcome, QuotaExceeded)
    assert await office.queue() == []


async def test_what_is_filed_for_others_is_not_doubled_by_a_retry(world: World) -> None:
    office = Office.open(world)
    await office.script("alice", 'require ["fileinto"]; fileinto "Shared Folders/board"; keep;')
    targets = await office.resolve("alice")
    await world.set_quota("user.alice", 0)
    (outcome,) = await office.send(targets=targets)
    assert isinstance(outcome, QuotaExceeded)
    await world.set_quota("user.alice", 100)
    (outcome,) = await office.send(targets=targets)
    assert where(outcome) == ["board", "user.alice"]
    assert len(await world.flags("board")) == 1
    assert len(await world.flags("user.alice")) == 1


@pytest.mark.parametrize(
    ("options", "octets"),
    [
        ("duplicatesuppression: no", MAIL),
        ("duplicatesuppression: no", MAIL.replace(b"Message-ID: <all@example.net>\r\n", b"")),
        ("duplicatesuppression: yes", MAIL.replace(b"Message-ID: <all@example.net>\r\n", b"")),
        ("duplicatesuppression: yes", MAIL.replace(b"Date", b"X-Date").replace(b"Message-ID", b"X-Message-ID")),
    ],
)
async def test_a_retry_doubles_nothing_of_others_without_an_id_too(world: World, options: str, octets: bytes) -> None:
    office = Office.open(world, options)
    await office.script("alice", 'require ["fileinto"]; fileinto "Shared Folders/board"; keep;')
    targets = await office.resolve("alice")
    await world.set_quota("user.alice", 0)
    for _ in range(2):
        (outcome,) = await office.send(targets=targets, octets=octets)
        assert isinstance(outcome, QuotaExceeded)
    await world.set_quota("user.alice", 100)
    await office.send(targets=targets, octets=octets)
    assert len(await world.flags("board")) == 1
    assert len(await world.flags("user.alice")) == 1


async def test_mail_that_is_no_retry_is_filed_for_others_again(world: World) -> None:
    office = Office.open(world, "duplicatesuppression: no")
    await office.script("alice", 'require ["fileinto"]; fileinto "Shared Folders/board";')
    await office.send("alice")
    await office.send("alice", octets=MAIL.replace(b"Hello", b"Hullo"))
    await office.send("alice", return_path="carol@example.net")
    world.sources.time_s += 86_400
    await office.send("alice")
    assert len(await world.flags("board")) == 4


@pytest.mark.parametrize(
    "script",
    [
        'redirect "{0}@example.com";',
        'require "vacation"; vacation :days 30 "I am away from {0}"; discard;',
        'require "enotify"; notify :message "{0}" "mailto:{0}@example.com"; discard;',
    ],
)
async def test_beyond_the_mails_of_a_day_a_script_fails_and_the_message_is_kept(world: World, script: str) -> None:
    office = Office.open(world, "sieve_max_daily_mails: 2\nduplicatesuppression: no")
    kept = []
    for each in ("a", "b", "c", "d"):
        await office.script("alice", script.format(each))
        (outcome,) = await office.send("alice@example.org", octets=mail(each), return_path=f"{each}@example.net")
        kept.append(where(outcome))
    assert len(await office.queue()) == 2
    assert kept[:2] == [[], []]
    assert [names[0] for names in kept[2:]] == ["user.alice"] * 2
    assert delivered(outcome).script_failure.endswith("more than 2 mails would be sent in a day")
    flags = (await world.flags("user.alice")).values()
    assert [each for each in flags if "$SieveFailed" in each] == [{"$SieveFailed"}] * 2
    world.sources.time_s += 86_400
    (outcome,) = await office.send("alice@example.org", octets=mail("later"), return_path="e@example.net")
    assert (where(outcome), len(await office.queue())) == ([], 3)


async def test_a_script_makes_mailboxes_while_the_account_has_few(world: World) -> None:
    count = len(await world.engine.mailboxes(world.account_of("user.alice")))
    office = Office.open(world, f"sieve_max_mailboxes: {count + 1}")
    filed: list[str] = []
    for name in ("one", "two", "one"):
        await office.script("alice", f'require ["fileinto", "mailbox"]; fileinto :create "{name}";')
        (outcome,) = await office.send("alice", octets=mail(f"{name}{len(filed)}"))
        filed.append(where(outcome)[0])
    assert filed == ["user.alice.one", "user.alice", "user.alice.one"]


async def test_scripts_include_scripts(world: World) -> None:
    office = Office.open(world)
    await office.script("alice", 'require ["fileinto"]; fileinto "work";', name="other", activate=False)
    await office.script("alice", 'require "include"; include :personal "other";')
    await world.engine.put_site_script("site", b"discard;")
    assert where((await office.send("alice"))[0]) == ["user.alice.work"]
    await office.script("bob", 'require "include"; include :global "site";')
    assert where((await office.send("bob"))[0]) == []


async def test_a_shared_mailbox_has_a_script_by_its_annotation(world: World) -> None:
    office = Office.open(world)
    await world.engine.put_site_script("quiet", b"discard;")
    await office.annotate("board", "/vendor/cmu/cyrus-imapd/sieve", b"quiet")
    assert where((await office.send("+board"))[0]) == []


async def test_a_script_may_log(memory_world: World, caplog: pytest.LogCaptureFixture) -> None:
    office = Office.open(memory_world)
    await office.script("alice", 'require "vnd.cyrus.log"; log "seen";')
    with caplog.at_level("INFO"):
        await office.send("alice")
    assert [record for record in caplog.records if record.getMessage() == "script_logged"]
